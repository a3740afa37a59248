// What tests of several threads share: tables, options with workers, faults, and a thread that
// watches a sync.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "base/log.h"
#include "cli/progress_display.h"
#include "fake_database.h"
#include "sync/engine.h"

namespace ringsync::testing {

inline constexpr int64_t kRowsOfTables[] = {0, 1, 17, 60, 300, 2000, 3000};

inline SyncOptions threaded_options() {
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

class ThreadsFixture : public ::testing::TestWithParam<uint64_t> {
 protected:
  ThreadsFixture() {
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

  using Contents = std::map<std::string, std::map<int64_t, int64_t>>;  // table -> id -> value
  Contents source_contents() const {
    Contents contents;
    for (const auto& [name, table] : tables_) {
      for (const auto& [id, row] : table.rows) contents[name][id] = row.value;
    }
    return contents;
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

  /// A sync from the faulty source, watched.
  Result<SyncSummary> watched_sync(Sink& sink) {
    FakeSource source(tables_, clock_, faulty_source());
    SyncEngine engine(source, sink, clock_, threaded_options());
    const Watcher watcher(engine);
    return engine.run();
  }

  const SystemClock clock_;
  FakeTables tables_;
  uint64_t rows_count_ = 0;
  std::mt19937_64 random_{GetParam()};
};

}  // namespace ringsync::testing
