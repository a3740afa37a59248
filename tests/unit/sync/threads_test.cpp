// Whole syncs on several threads, as the program runs them: encode workers, a thread that watches
// and draws, log lines from wherever they come, faults, crashes and interrupts. Built for the
// thread sanitizer, and true without it: each sync ends with the destination equal to the source.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "sink/null/null_sink.h"
#include "threads_fixture.h"

namespace ringsync {
namespace {

using testing::FakeDestination;
using testing::FakeSink;
using testing::FakeSinkOptions;
using testing::FakeSource;
using testing::FakeSourceOptions;
using testing::threaded_options;
using testing::ThreadsFixture;
using testing::Watcher;

class Threads : public ThreadsFixture {
 protected:
  Result<SyncSummary> fake_sync(FakeSinkOptions sink_options) {
    FakeSink sink(destination_, clock_, std::move(sink_options));
    return watched_sync(sink);
  }

  void expect_equal_to_source() const {
    Contents contents;
    for (const auto& [name, rows] : destination_.tables) {
      for (const auto& [id, row] : rows) {
        if (!row.deleted) contents[name][id] = row.row.value;
      }
    }
    EXPECT_EQ(contents, source_contents());
  }

  FakeDestination destination_;
};

TEST_P(Threads, ASyncThroughFaultsAndCrashesEndsEqualToTheSource) {
  uint64_t crash_after = 5;
  int crashes = 0;
  for (;; ++crashes, crash_after += 35) {
    FakeSinkOptions sink_options;
    sink_options.commit_rows = 200;
    sink_options.crash_after_calls = crash_after;
    const auto summary = fake_sync(sink_options);
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
  const auto summary = fake_sync({});
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
