// drain: reads one table through the source port as fast as it can, looking at no cell. What a sync
// could reach at best; the benchmarks compare with it. With --after it is one scan that filters by
// a column. One thread reads; the driver has its own.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/process_usage.h"
#include "page_builder.h"
#include "source/scylla/scylla_source.h"

namespace ringsync {
namespace {

constexpr int64_t kWaitMs = 60'000;

struct DrainOptions {
  ScyllaOptions source;
  std::string table;
  ScannerOptions scanner{.page_rows_max = 5'000, .page_bytes_target = 1 << 20, .queue_pages = 4};
  uint32_t in_flight = 4;
  uint32_t splits = 64;
  std::string record;  // a file for the pages; empty: none
  std::string cursor_column = "updated_at";
  std::optional<int64_t> after_ms;  // only rows whose cursor is past this
};

struct Drained {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t pages = 0;
};

/// The ring in `count` ranges of one width.
std::vector<TokenRange> equal_ranges(uint32_t count) {
  const uint64_t width = std::numeric_limits<uint64_t>::max() / count;
  std::vector<TokenRange> ranges(count);
  for (uint32_t i = 0; i < count; ++i) {
    const auto at = [&](uint64_t n) {
      return static_cast<Token>(static_cast<uint64_t>(kTokenMin) + n * width);
    };
    ranges[i] = {at(i), i + 1 == count ? kTokenMax : at(i + 1)};
  }
  return ranges;
}

Result<Table> find_table(Source& source, const std::string& name) {
  RINGSYNC_ASSIGN(Keyspace keyspace, source.keyspace());
  for (Table& table : keyspace.tables) {
    if (table.name == name) return std::move(table);
  }
  return Error{ErrorCode::kSchema, fmt::format("no table {} in keyspace {}", name, keyspace.name)};
}

// Rows and bytes as big-endian numbers of eight bytes, then the bytes: bench/replay reads them.
void write_page(std::ofstream& file, const Page& page) {
  const Bytes rows = page.buffer->rows();
  file << wire(uint64_t{page.row_count}) << wire(uint64_t{rows.size()});
  file.write(reinterpret_cast<const char*>(rows.data()), static_cast<std::streamsize>(rows.size()));
}

Result<Drained> drain(Source& source, Table table, const DrainOptions& options) {
  auto query = std::make_shared<ScanQuery>();
  query->table = std::move(table);
  if (options.after_ms) {
    const int column = query->table.find_column(options.cursor_column);
    if (column < 0) return Error{ErrorCode::kUsage, "no column " + options.cursor_column};
    query->cursor_column = static_cast<uint16_t>(column);
    query->cursor_after_ms = options.after_ms;
  }
  RINGSYNC_ASSIGN(const std::unique_ptr<Scanner> scanner, source.scanner(options.scanner));
  const std::vector<TokenRange> ranges = equal_ranges(options.splits);
  size_t started = 0;
  const auto start_one = [&] {
    if (started == ranges.size()) return;
    scanner->start({.id = started,
                    .query = query,
                    .range = ranges[started],
                    .paging_state = {},
                    .first_page_rows = options.scanner.page_rows_max});
    ++started;
  };
  for (uint32_t i = 0; i < options.in_flight; ++i) start_one();
  std::ofstream record;
  if (!options.record.empty()) record.open(options.record, std::ios::binary);
  Drained drained;
  for (size_t ended = 0; ended < ranges.size();) {
    RINGSYNC_ASSIGN(const std::optional<ScanEvent> event, scanner->next(kWaitMs));
    if (!event) return Error{ErrorCode::kTimeout, "no page came for a minute"};
    if (!event->page) return event->page.error();
    const Page& page = *event->page;
    drained.rows += page.row_count;
    drained.bytes += page.buffer->rows().size();
    ++drained.pages;
    if (record.is_open()) write_page(record, page);
    if (page.is_last) {
      ++ended;
      start_one();
    }
  }
  if (record.is_open()) record.close();
  if (record.fail()) return Error{ErrorCode::kUsage, options.record + ": cannot be written"};
  return drained;
}

/// Opens, reads and prints the JSON line. wall_s is that of the scan alone, cpu_s of the
/// whole process.
Status run(const DrainOptions& options) {
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, open_scylla_source(options.source));
  RINGSYNC_ASSIGN(Table table, find_table(*source, options.table));
  const auto before = std::chrono::steady_clock::now();
  RINGSYNC_ASSIGN(const Drained drained, drain(*source, std::move(table), options));
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - before;
  const ProcessUsage usage = process_usage();
  fmt::print(
      "{{\"rows\": {}, \"bytes\": {}, \"pages\": {}, \"wall_s\": {:.3f}, \"cpu_s\": {:.3f}, "
      "\"peak_kib\": {}}}\n",
      drained.rows, drained.bytes, drained.pages, wall.count(), usage.cpu_seconds, usage.peak_kib);
  return {};
}

}  // namespace
}  // namespace ringsync

int main(int argc, char** argv) {
  ringsync::DrainOptions options;
  ringsync::ContactPoint point{"127.0.0.1"};
  CLI::App app("Reads one table as fast as the driver can, and prints one line of JSON");
  app.add_option("--host", point.host);
  app.add_option("--port", point.port);
  app.add_option("--user", options.source.user);
  app.add_option("--password", options.source.password);
  app.add_option("--dc", options.source.local_dc, "Local data centre");
  app.add_option("--keyspace", options.source.keyspace)->required();
  app.add_option("--table", options.table)->required();
  app.add_option("--page-rows", options.scanner.page_rows_max)->check(CLI::PositiveNumber);
  app.add_option("--page-bytes", options.scanner.page_bytes_target)->check(CLI::PositiveNumber);
  app.add_option("--in-flight", options.in_flight, "Scans at once")->check(CLI::PositiveNumber);
  app.add_option("--record", options.record, "file for the pages, which bench/replay reads");
  app.add_option("--cursor-column", options.cursor_column, "what --after compares");
  app.add_option("--after", options.after_ms, "only rows past this time, milliseconds since 1970");
  app.add_option("--splits", options.splits, "Token ranges")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  options.source.contact_points.push_back(point);
  const ringsync::Status status = ringsync::run(options);
  if (!status) fmt::print(stderr, "drain: {}\n", status.error().message);
  return status ? 0 : 1;
}
