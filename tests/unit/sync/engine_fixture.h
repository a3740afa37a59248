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
  // Of the steps at which a test crashes a sync, each such one: sanitizers take a multiple of the
  // time, and see the same code in fewer.
#ifdef __SANITIZE_ADDRESS__
  static constexpr uint64_t kCrashStride = 7;
#else
  static constexpr uint64_t kCrashStride = 1;
#endif

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
    const int64_t began_ms = clock_.steady_ms();
    FakeSource source(tables_, clock_, std::move(source_options));
    FakeSink sink(destination_, clock_, std::move(sink_options));
    SyncEngine engine(source, sink, clock_, std::move(sync_options));
    auto summary = engine.run();
    took_ms_ = clock_.steady_ms() - began_ms;
    requests_ = source.requests();
    scans_at_once_ = source.scans_at_once();
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

  // Crashes at every step of a sync of the one table there is, and looks at what the next one
  // sends.
  void expect_resumes_repeat_at_most(uint64_t rows, const SyncOptions& sync_options) {
    const auto& [name, table] = *tables_.begin();
    ASSERT_TRUE(sync({}, {}, sync_options).ok());
    const uint64_t steps = calls_;
    uint64_t resumes = 0;
    for (uint64_t step = 1; step <= steps; step += kCrashStride) {
      destination_ = {};
      FakeSinkOptions crash;
      crash.crash_after_calls = step;
      ASSERT_FALSE(sync({}, crash, sync_options).ok());
      const uint64_t before = destination_.tables[name].size();
      const auto summary = sync({}, {}, sync_options);
      ASSERT_TRUE(summary.ok());
      expect_equal_to_source();
      if (!summary->tables[0].resumed) continue;  // nothing was durable yet, or all of it
      ++resumes;
      EXPECT_LE(delivered_rows_ + before, table.rows.size() + rows) << "step " << step;
    }
    EXPECT_GT(resumes, steps / kCrashStride / 2);
  }

  FakeClock clock_;
  FakeTables tables_;
  FakeDestination destination_;
  // Of the last sync:
  int64_t took_ms_ = 0;
  std::vector<ScanRequest> requests_;
  uint64_t delivered_rows_ = 0;
  uint64_t calls_ = 0;
  std::vector<size_t> scans_at_once_;  // with each of the requests
  uint32_t rows_between_checkpoints_max_ = 0;
};

}  // namespace ringsync::testing
