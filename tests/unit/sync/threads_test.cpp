// Whole syncs on several threads, as the program runs them: encode workers, a thread that watches
// and draws, log lines from wherever they come, faults, crashes and interrupts. Built for the
// thread sanitizer, and true without it: each sync ends with the destination equal to the source.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "base/log.h"
#include "cli/progress_display.h"
#include "fake_database.h"
#include "sink/null/null_sink.h"
#include "sync/engine.h"

namespace ringsync {
namespace {

using testing::FakeDestination;
using testing::FakeSink;
using testing::FakeSinkOptions;
using testing::FakeSource;
using testing::FakeSourceOptions;
using testing::FakeTable;
using testing::FakeTables;

constexpr int64_t kRowsOfTables[] = {0, 1, 17, 60, 300, 2000, 3000};

SyncOptions threaded_options() {
  SyncOptions options;
  options.pipeline.workers = 4;
  options.pipeline.bytes_max = 5'000;  // a few pages: workers wait for room
  options.page_rows_max = 50;
  options.in_flight_max = 8;
  options.checkpoint_interval_rows = 70;
  options.sizing.split_bytes_target = 4000;
  options.sizing.split_rows_min = 20;
  options.retry.delay_first_ms = 1;
  options.retry.delay_max_ms = 2;
  return options;
}

/// Draws the engine's progress from a thread of its own and logs meanwhile, until it is destroyed.
class Watcher {
 public:
  explicit Watcher(const SyncEngine& engine)
      : engine_(engine),
        display_(make_bars_display({[this](std::string_view text) { written_ += text.size(); },
                                    [] { return TerminalStyle{.width = 60}; }})),
        thread_([this] { watch(); }) {}
  ~Watcher() {
    ended_ = true;
    thread_.join();
    display_->end(engine_.snapshot());
    EXPECT_GT(written_, 0U);
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  void watch() {
    while (!ended_) {
      display_->show(engine_.snapshot());
      log_debug("watching");
      std::this_thread::yield();
    }
  }

  const SyncEngine& engine_;
  size_t written_ = 0;  // under the display's own lock
  std::unique_ptr<ProgressDisplay> display_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

class Threads : public ::testing::TestWithParam<uint64_t> {
 protected:
  Threads() {
    set_up_logging(LogLevel::kDebug, LogFormat::kText);
    for (const int64_t rows : kRowsOfTables) {
      FakeTable& table = tables_["t" + std::to_string(rows)];
      table.has_cursor = rows % 2 != 0;
      for (int64_t id = 0; id < rows; ++id) {
        table.rows[id] = {id * 7, table.has_cursor ? std::optional<int64_t>(1000) : std::nullopt};
      }
      rows_count_ += static_cast<uint64_t>(rows);
    }
  }

  /// Fails about one page in eight, in every way that passes. The scanner calls it under its lock.
  FakeSourceOptions faulty_source() {
    FakeSourceOptions options;
    options.seed = GetParam();
    options.fault = [this](const ScanRequest& request) -> std::optional<Error> {
      constexpr ErrorCode kCodes[] = {ErrorCode::kTimeout, ErrorCode::kOverloaded,
                                      ErrorCode::kConnect, ErrorCode::kBadPagingState};
      const uint64_t draw = random_();
      if (draw % 8 != 0) return std::nullopt;
      const ErrorCode code = kCodes[draw / 8 % 4];
      if (code == ErrorCode::kBadPagingState && request.paging_state.empty()) return std::nullopt;
      return Error{code, "a fault"};
    };
    return options;
  }

  Result<SyncSummary> watched_sync(FakeSinkOptions sink_options) {
    FakeSource source(tables_, clock_, faulty_source());
    FakeSink sink(destination_, clock_, std::move(sink_options));
    SyncEngine engine(source, sink, clock_, threaded_options());
    const Watcher watcher(engine);
    return engine.run();
  }

  void expect_equal_to_source() const {
    for (const auto& [name, table] : tables_) {
      std::map<int64_t, int64_t> want;
      std::map<int64_t, int64_t> have;
      for (const auto& [id, row] : table.rows) want[id] = row.value;
      const auto found = destination_.tables.find(name);
      ASSERT_NE(found, destination_.tables.end()) << name;
      for (const auto& [id, row] : found->second) {
        if (!row.deleted) have[id] = row.row.value;
      }
      EXPECT_EQ(have, want) << name;
    }
  }

  const SystemClock clock_;
  FakeTables tables_;
  uint64_t rows_count_ = 0;
  FakeDestination destination_;
  std::mt19937_64 random_{GetParam()};
};

TEST_P(Threads, ASyncThroughFaultsAndCrashesEndsEqualToTheSource) {
  uint64_t crash_after = 5;
  int crashes = 0;
  for (;; ++crashes, crash_after += 35) {
    FakeSinkOptions sink_options;
    sink_options.commit_rows = 200;
    sink_options.crash_after_calls = crash_after;
    const auto summary = watched_sync(sink_options);
    if (!summary.ok()) continue;
    for (const TableSummary& table : summary->tables) {
      EXPECT_FALSE(table.error.has_value()) << table.name << ": " << table.error->message;
    }
    break;
  }
  EXPECT_GE(crashes, 2);
  expect_equal_to_source();
}

TEST_P(Threads, AnInterruptFromAnotherThreadLeavesAStateToGoOnFrom) {
  {
    FakeSource source(tables_, clock_, faulty_source());
    FakeSink sink(destination_, clock_, {});
    SyncEngine engine(source, sink, clock_, threaded_options());
    std::atomic<bool> ended{false};
    std::thread interrupting([&] {
      uint64_t rows = 0;
      while (!ended && rows < 500) {
        rows = 0;
        for (const TableProgress& table : engine.snapshot().tables) rows += table.rows;
      }
      engine.request_stop();
    });
    const auto summary = engine.run();
    ended = true;
    interrupting.join();
    ASSERT_TRUE(summary.ok()) << summary.error().message;
  }
  const auto summary = watched_sync({});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  expect_equal_to_source();
}

TEST_P(Threads, TheRealNullSinkCountsEveryRowOnce) {
  FakeSourceOptions source_options;
  source_options.seed = GetParam();
  FakeSource source(tables_, clock_, source_options);
  NullSink sink;
  SyncEngine engine(source, sink, clock_, threaded_options());
  const auto summary = [&] {
    const Watcher watcher(engine);
    return engine.run();
  }();
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(sink.row_count(), rows_count_);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Threads, ::testing::Range<uint64_t>(1, 6));

}  // namespace
}  // namespace ringsync
