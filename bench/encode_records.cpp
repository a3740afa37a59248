// encode_records: pages of flights into the bytes that Fivetran gets, again and again, without
// source and network: what the encoding alone costs. One thread. The pages are made once, in
// memory, with values spread like those of the New York flights (15 columns).

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/process_usage.h"
#include "sink/fivetran/record_batcher.h"
#include "sink/fivetran/record_encoder.h"

namespace ringsync {
namespace {

constexpr uint32_t kPages = 8;

struct EncodeOptions {
  uint64_t rows = 5'000'000;
  uint32_t page_rows = 5000;
};

/// Counts what it gets and keeps nothing.
class CountingStream final : public WireStream {
 public:
  Status write(WireMessage message) override {
    ++messages;
    bytes += message.size();
    return {};
  }

  uint64_t messages = 0;
  uint64_t bytes = 0;
};

Table flights() {
  Table table;
  table.keyspace = "nyc";
  table.name = "flights";
  const auto add = [&](const char* name, TypeKind kind, ColumnKind place = ColumnKind::kRegular) {
    table.columns.push_back({name, {}, place});
    table.columns.back().type.kind = kind;
  };
  add("carrier", TypeKind::kText, ColumnKind::kPartitionKey);
  add("flight", TypeKind::kInt, ColumnKind::kPartitionKey);
  add("time_hour", TypeKind::kTimestamp, ColumnKind::kClustering);
  add("origin", TypeKind::kText, ColumnKind::kClustering);
  for (const char* name : {"air_time", "arr_delay", "arr_time", "dep_delay", "dep_time"}) {
    add(name, TypeKind::kInt);
  }
  add("dest", TypeKind::kText);
  for (const char* name : {"distance", "sched_arr_time", "sched_dep_time"}) {
    add(name, TypeKind::kInt);
  }
  add("tailnum", TypeKind::kText);
  add("updated_at", TypeKind::kTimestamp);
  table.partition_key_count = 2;
  table.primary_key_count = 4;
  return table;
}

/// Writes cells as the server sends them: native_protocol_v4.spec section 3, [bytes].
class PageBytes {
 public:
  void text(std::string_view value) {
    big_endian(value.size(), 4);
    bytes_ += value;
  }
  void number(int64_t value, int size) {
    big_endian(static_cast<uint64_t>(size), 4);
    big_endian(static_cast<uint64_t>(value), size);
  }
  void null() { big_endian(0xFFFF'FFFFU, 4); }
  std::string take() { return std::move(bytes_); }

 private:
  void big_endian(uint64_t value, int size) {
    for (int i = size - 1; i >= 0; --i) bytes_ += static_cast<char>(value >> (8 * i));
  }

  std::string bytes_;
};

std::string page_of_flights(std::mt19937& random, uint32_t rows) {
  const auto between = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
  };
  PageBytes page;
  for (uint32_t row = 0; row < rows; ++row) {
    const bool is_cancelled = random() % 40 == 0;
    const int64_t hour_ms = (1'357'016'400 + between(0, 8759) * 3600) * 1000;
    const auto int_cell = [&](int64_t low, int64_t high) { page.number(between(low, high), 4); };
    const auto flown = [&](int64_t low, int64_t high) {
      is_cancelled ? page.null() : page.number(between(low, high), 4);
    };
    page.text("UA");
    int_cell(1, 8500);
    page.number(hour_ms, 8);
    page.text("EWR");
    flown(20, 695);
    flown(-86, 1272);
    flown(1, 2400);
    flown(-43, 1301);
    flown(1, 2400);
    page.text("IAH");
    int_cell(17, 4983);
    int_cell(1, 2359);
    int_cell(106, 2359);
    page.text(fmt::format("N{}UA", between(10'000, 99'999) / 10));
    page.number(hour_ms, 8);
  }
  return page.take();
}

Status run(const EncodeOptions& options) {
  const Table table = flights();
  std::mt19937 random(42);
  std::vector<std::string> pages(kPages);
  std::vector<PageIndex> indexes(kPages);
  std::vector<PageView> views;
  for (uint32_t i = 0; i < kPages; ++i) {
    pages[i] = page_of_flights(random, options.page_rows);
    RINGSYNC_ASSIGN(PageView view, indexes[i].index(as_bytes(pages[i]), options.page_rows,
                                                    static_cast<uint16_t>(table.columns.size())));
    views.push_back(view);
  }
  RINGSYNC_ASSIGN(const auto encoder,
                  RecordEncoder::make(table, {}, std::make_shared<BufferPool>()));
  CountingStream stream;
  RecordBatcher batcher(stream);
  const double cpu_before_s = process_usage().cpu_seconds;
  const auto before = std::chrono::steady_clock::now();
  uint64_t rows = 0;
  for (; rows < options.rows; rows += options.page_rows) {
    uint32_t failed_row = 0;
    RINGSYNC_ASSIGN(std::shared_ptr<const EncodedPage> encoded,
                    encoder->encode(views[rows / options.page_rows % kPages], failed_row));
    RINGSYNC_TRY(
        batcher.add(std::static_pointer_cast<const RecordPage>(encoded), 0, options.page_rows));
  }
  RINGSYNC_TRY(batcher.flush());
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - before;
  const ProcessUsage usage = process_usage();
  fmt::print(
      "{{\"rows\": {}, \"messages\": {}, \"bytes\": {}, \"wall_s\": {:.3f}, \"cpu_s\": {:.3f}, "
      "\"cpu_s_per_million\": {:.3f}, \"peak_kib\": {}}}\n",
      rows, stream.messages, stream.bytes, wall.count(), usage.cpu_seconds - cpu_before_s,
      (usage.cpu_seconds - cpu_before_s) / static_cast<double>(rows) * 1e6, usage.peak_kib);
  return {};
}

}  // namespace
}  // namespace ringsync

int main(int argc, char** argv) {
  ringsync::EncodeOptions options;
  CLI::App app("Encodes pages of flights for Fivetran, and prints one line of JSON");
  app.add_option("--rows", options.rows)->check(CLI::PositiveNumber);
  app.add_option("--page-rows", options.page_rows)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const ringsync::Status status = ringsync::run(options);
  if (!status) fmt::print(stderr, "encode_records: {}\n", status.error().message);
  return status ? 0 : 1;
}
