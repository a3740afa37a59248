// replay: whole syncs of a table that lies in memory, into nothing, into Fivetran's messages or
// into DuckDB. No server stands in the way, and none takes processor time: what a sync takes is the
// client's. A line of JSON for each sync: the first one, and where --changed is given, an
// incremental one after that share of the rows has got a new `updated_at`.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/process_usage.h"
#include "counting_stream.h"
#include "replay_source.h"
#include "shapes.h"
#include "sink/adbc/adbc_sink.h"
#include "sink/fivetran/fivetran_sink.h"
#include "sink/null/null_sink.h"
#include "sync/engine.h"

namespace ringsync::bench {
namespace {

constexpr const char* kCursorColumn = "updated_at";
constexpr const char* kDuckdb = "duckdb:";

struct Options {
  std::string shape = "flights";
  uint64_t rows = 1'000'000;
  uint64_t seed = 42;
  std::string pages;  // a file that drain wrote; empty: rows are made
  std::string to = "null:";
  std::string driver;  // DuckDB's library
  uint64_t commit_rows = 0;
  double changed = 0;
  SyncOptions sync;
};

Status record_made(const Shape& shape, const Options& options, RecordedTable& recorded) {
  Random random(options.seed);
  for (uint64_t left = options.rows; left > 0;) {
    PageBuilder page(static_cast<uint16_t>(shape.table.columns.size()));
    const uint64_t count = std::min<uint64_t>(left, shape.page_rows);
    for (uint64_t row = 0; row < count; ++row) shape.add_row(page, random);
    RINGSYNC_TRY(recorded.add(as_bytes(page.region()), page.row_count()));
    left -= count;
  }
  return {};
}

// As drain writes them: rows and bytes of each page, big-endian, then the bytes.
Status record_file(const std::string& path, RecordedTable& recorded) {
  std::ifstream file(path, std::ios::binary);
  uint8_t head[2 * sizeof(uint64_t)];
  std::string page;
  while (file.read(reinterpret_cast<char*>(head), sizeof(head))) {
    page.resize(load_be64(head + sizeof(uint64_t)));
    if (!file.read(page.data(), static_cast<std::streamsize>(page.size()))) break;
    RINGSYNC_TRY(recorded.add(as_bytes(page), static_cast<uint32_t>(load_be64(head))));
  }
  if (recorded.rows().empty() || !file.eof() || file.gcount() != 0) {
    return Error{ErrorCode::kUsage, fmt::format("{}: no pages that drain recorded", path)};
  }
  return {};
}

Result<std::unique_ptr<Sink>> open_sink(const Options& options, const Clock& clock,
                                        const std::optional<std::string>& state,
                                        CountingStream& stream) {
  if (options.to == "null:") return std::unique_ptr<Sink>(std::make_unique<NullSink>());
  if (options.to == "fivetran:") return make_fivetran_sink({{}, state}, stream);
  AdbcSinkOptions database;
  database.location = database.label = options.to.substr(std::string(kDuckdb).size());
  database.driver_path = std::filesystem::absolute(options.driver);
  database.keyspace = "bench";
  database.commit_rows = options.commit_rows;
  database.clock = &clock;
  return open_adbc_sink(database);
}

/// One sync; prints its line. `state`: what it goes on from where the destination keeps none, and
/// then what it leaves.
Status sync(const char* name, const Options& options, const RecordedTable& recorded,
            std::optional<std::string>& state) {
  const SystemClock clock;
  ReplaySource source(recorded);
  CountingStream stream;
  const ProcessUsage before = process_usage();
  const auto began = std::chrono::steady_clock::now();
  RINGSYNC_ASSIGN(const auto sink, open_sink(options, clock, state, stream));
  SyncOptions sync_options = options.sync;
  sync_options.on_durable_state = [&](const std::string& json) {
    state = json;
    return Status{};
  };
  SyncEngine engine(source, *sink, clock, sync_options);
  RINGSYNC_ASSIGN(const SyncSummary summary, engine.run());
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  const TableSummary& table = summary.tables.at(0);
  if (table.error) return *table.error;
  const ProcessUsage usage = process_usage();
  const double cpu_s = usage.cpu_seconds - before.cpu_seconds;
  fmt::print(
      "{{\"sync\": \"{}\", \"rows\": {}, \"page_bytes\": {}, \"bytes\": {}, \"wall_s\": {:.3f}, "
      "\"cpu_s\": {:.3f}, \"cpu_s_per_million\": {:.3f}, \"peak_kib\": {}, \"recorded_kib\": "
      "{}}}\n",
      name, table.rows_sent, table.bytes, stream.bytes, wall.count(), cpu_s,
      cpu_s / static_cast<double>(std::max<uint64_t>(table.rows_sent, 1)) * 1e6, usage.peak_kib,
      before.peak_kib);
  return {};
}

Status run(const Options& options) {
  const Shape& shape = *shape_named(options.shape);
  RecordedTable recorded(shape.table, kCursorColumn);
  RINGSYNC_TRY(options.pages.empty() ? record_made(shape, options, recorded)
                                     : record_file(options.pages, recorded));
  recorded.sort();
  std::optional<std::string> state;
  RINGSYNC_TRY(sync("first", options, recorded, state));
  if (options.changed == 0) return {};
  if (options.to == "null:") {
    return Error{ErrorCode::kUsage, "null: keeps no state, and so has no incremental sync"};
  }
  if (recorded.touch(options.changed, SystemClock().wall_us() / 1000) == 0) {
    return Error{ErrorCode::kUsage, fmt::format("{}: no row has a cursor", options.shape)};
  }
  return sync("incremental", options, recorded, state);
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("Syncs a table that lies in memory, and prints a line of JSON for each sync");
  app.add_option("--shape", options.shape, "the table's shape")
      ->check(CLI::IsMember(shape_names()))
      ->capture_default_str();
  app.add_option("--rows", options.rows, "rows that are made")->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "of the rows' values")->capture_default_str();
  app.add_option("--pages", options.pages, "rows of this shape that drain --record wrote")
      ->check(CLI::ExistingFile);
  app.add_option("--to", options.to, "null:, fivetran: or duckdb:FILE")
      ->check([](const std::string& to) {
        const bool is_known = to == "null:" || to == "fivetran:" || to.rfind(kDuckdb, 0) == 0;
        return is_known ? std::string() : "null:, fivetran: or duckdb:FILE";
      });
  app.add_option("--driver", options.driver, "DuckDB's library")->check(CLI::ExistingFile);
  app.add_option("--commit-rows", options.commit_rows, "of DuckDB; 0: its own choice");
  app.add_option("--changed", options.changed, "share of the rows that a second sync brings")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--in-flight", options.sync.in_flight_max, "scans at once");
  app.add_option("--workers", options.sync.pipeline.workers, "threads that encode; 0: one for all");
  app.add_option("--checkpoint-interval", options.sync.checkpoint_interval_rows, "rows");
  CLI11_PARSE(app, argc, argv);
  set_up_logging(LogLevel::kWarning, LogFormat::kText);
  const Status status = run(options);
  if (!status) fmt::print(stderr, "replay: {}\n", status.error().message);
  return status ? 0 : 1;
}

}  // namespace
}  // namespace ringsync::bench

int main(int argc, char** argv) { return ringsync::bench::main_of(argc, argv); }
