// What tests of the engine share: tables, a destination and a clock in memory, and a sync of one
// into the other.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "fake_database.h"
#include "sync/engine.h"

namespace ringsync::testing {

class EngineFixture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { set_up_logging(LogLevel::kError, LogFormat::kText); }

  static FakeTable table_of(int64_t rows, bool has_cursor, int64_t updated_at_ms = 1000) {
    FakeTable table;
    table.has_cursor = has_cursor;
    for (int64_t id = 0; id < rows; ++id) {
      table.rows[id] = {id * 10, has_cursor ? std::optional(updated_at_ms) : std::nullopt};
    }
    return table;
  }

  static SyncOptions options() {
    SyncOptions options;
    options.pipeline.workers = 0;
    options.page_rows_max = 50;
    options.checkpoint_interval_rows = 70;  // does not divide a page
    options.sizing.split_bytes_target = 4000;
    options.sizing.split_rows_min = 20;
    options.lag_ms = 0;
    options.overlap_ms = 0;
    options.retry.delay_first_ms = 1;
    return options;
  }

  Result<SyncSummary> sync(FakeSourceOptions source_options = {}, FakeSinkOptions sink_options = {},
                           SyncOptions sync_options = options()) {
    clock_.advance_ms(60'000);
    FakeSource source(tables_, clock_, std::move(source_options));
    FakeSink sink(destination_, clock_, std::move(sink_options));
    SyncEngine engine(source, sink, clock_, std::move(sync_options));
    auto summary = engine.run();
    requests_ = source.requests();
    scans_at_once_max_ = source.scans_at_once_max();
    delivered_rows_ = sink.delivered_rows();
    rows_between_checkpoints_max_ = sink.rows_between_checkpoints_max();
    calls_ = sink.calls();
    return summary;
  }

  // Live rows of every destination table are the source's rows, value by value.
  void expect_equal_to_source() const {
    for (const auto& [name, table] : tables_) {
      std::map<int64_t, int64_t> want;
      std::map<int64_t, int64_t> have;
      for (const auto& [id, row] : table.rows) want[id] = row.value;
      const auto found = destination_.tables.find(name);
      if (found != destination_.tables.end()) {
        for (const auto& [id, row] : found->second) {
          if (!row.deleted) have[id] = row.row.value;
        }
      }
      EXPECT_EQ(have, want) << name;
    }
  }

  FakeClock clock_;
  FakeTables tables_;
  FakeDestination destination_;
  std::vector<ScanRequest> requests_;
  uint64_t delivered_rows_ = 0;
  uint64_t calls_ = 0;
  size_t scans_at_once_max_ = 0;
  uint32_t rows_between_checkpoints_max_ = 0;
};

}  // namespace ringsync::testing
