// Incremental syncs by index windows, over the fakes: what travels, what a crash at every step
// leaves, and when a scan takes the index's place.
#include <algorithm>

#include "engine_fixture.h"
#include "sync/state_codec.h"

namespace ringsync {
namespace {

using testing::FakeRow;
using testing::FakeSinkOptions;
using testing::FakeSourceOptions;

constexpr int64_t kHourMs = 3'600'000;

class WindowedEngine : public testing::EngineFixture {
 protected:
  // A synced table of `rows` rows, and `hours` that have passed since.
  void make_orders(int64_t rows, int64_t hours) {
    tables_["orders"] = table_of(rows, true);
    tables_["orders"].is_indexed = true;
    ASSERT_TRUE(sync().ok());
    began_ms_ = clock_.wall_us() / 1000;
    clock_.advance_ms(hours * kHourMs);
  }

  void change(int64_t id, int64_t hours_after) {
    tables_["orders"].rows[id] = {-id - 1, began_ms_ + hours_after * kHourMs + 1};
  }

  // A scan that costs so much that any number of windows is worth it, or none.
  static SyncOptions windowed() {
    SyncOptions windowed = options();
    windowed.costs.scan_row_s = 1;
    return windowed;
  }

  std::vector<ScanRequest> window_reads() const {
    std::vector<ScanRequest> reads;
    for (const ScanRequest& request : requests_) {
      if (request.query->by_index) reads.push_back(request);
    }
    return reads;
  }

  // The windows that were read, in order; each by slices that are the whole ring together.
  std::vector<ScanRequest> windows() const {
    std::vector<ScanRequest> windows;
    std::vector<TokenRange> slices;
    for (const ScanRequest& read : window_reads()) {
      if (windows.empty() || read.query->cursor_after_ms != windows.back().query->cursor_after_ms) {
        windows.push_back(read);
        slices.clear();
      }
      slices.push_back(read.range);
    }
    EXPECT_GT(slices.size(), 1U) << "the last window was not read side by side";
    for (size_t i = 0; i + 1 < slices.size(); ++i) EXPECT_EQ(slices[i].end, slices[i + 1].start);
    EXPECT_EQ(slices.front().start, kWholeRing.start);
    EXPECT_EQ(slices.back().end, kWholeRing.end);
    return windows;
  }

  int64_t began_ms_ = 0;
};

TEST_F(WindowedEngine, WindowsOfSixHoursFollowOneAnotherAndTheLastHasNoEnd) {
  make_orders(2000, 30);
  for (const int64_t hour : {1, 8, 14, 20, 26}) change(hour, hour);
  const auto summary = sync({}, {}, windowed());
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  expect_equal_to_source();
  EXPECT_EQ(delivered_rows_, 5U);
  EXPECT_EQ(summary->tables[0].index_windows, 6U);
  const auto reads = windows();
  ASSERT_EQ(reads.size(), 6U);
  for (size_t i = 0; i + 1 < reads.size(); ++i) {
    EXPECT_EQ(*reads[i].query->cursor_until_ms - *reads[i].query->cursor_after_ms, 6 * kHourMs);
    EXPECT_EQ(*reads[i + 1].query->cursor_after_ms, *reads[i].query->cursor_until_ms);
  }
  EXPECT_FALSE(reads.back().query->cursor_until_ms.has_value());
}

TEST_F(WindowedEngine, WithoutAnIndexOrWhereItIsSwitchedOffOneScanFilters) {
  make_orders(2000, 30);
  change(3, 5);
  SyncOptions never = windowed();
  never.use_indexes = false;
  const auto summary = sync({}, {}, never);
  ASSERT_TRUE(summary.ok());
  expect_equal_to_source();
  EXPECT_EQ(delivered_rows_, 1U);
  EXPECT_EQ(summary->tables[0].index_windows, 0U);
  EXPECT_TRUE(window_reads().empty());
}

TEST_F(WindowedEngine, AChangeDuringTheWindowsIsMetByTheLast) {
  make_orders(2000, 30);
  for (int64_t id = 0; id < 200; ++id) change(id, id % 30);
  FakeSourceOptions source_options;
  int pages = 0;
  source_options.after_page = [&] {
    if (++pages == 4) tables_["orders"].rows[7] = {777, clock_.wall_us() / 1000 + 5};
  };
  ASSERT_TRUE(sync(source_options, {}, windowed()).ok());
  ASSERT_GE(pages, 8);  // two of the size, one each of six windows
  expect_equal_to_source();
}

TEST_F(WindowedEngine, AQuietYearIsNotAThousandWindows) {
  make_orders(2000, 8760);
  change(5, 8759);
  const auto summary = sync({}, {}, windowed());
  ASSERT_TRUE(summary.ok());
  expect_equal_to_source();
  EXPECT_LE(summary->tables[0].index_windows, 14U);
}

TEST_F(WindowedEngine, ATablesSizeIsProbedNoFurtherThanTheChoiceNeeds) {
  make_orders(5000, 3);
  change(5, 1);
  const auto probed_pages = [&](double scan_row_s) {
    SyncOptions options = windowed();
    options.costs.scan_row_s = scan_row_s;
    requests_.clear();
    EXPECT_TRUE(sync({}, {}, options).ok());
    std::vector<uint32_t> limits;
    for (const ScanRequest& request : requests_) {
      if (!request.query->cursor_after_ms) limits.push_back(request.page_limit);
    }
    return limits;
  };
  EXPECT_EQ(probed_pages(1), (std::vector<uint32_t>{3}));
  // The index is about three times as cheap: three pages may be wrong by more.
  EXPECT_EQ(probed_pages(20e-6), (std::vector<uint32_t>{3, 8}));
  expect_equal_to_source();
}

TEST_F(WindowedEngine, AWindowWithManyRowsIsSplit) {
  make_orders(5000, 3);
  for (int64_t id = 0; id < 2500; ++id) change(id, 1);
  const auto summary = sync({}, {}, windowed());
  ASSERT_TRUE(summary.ok());
  expect_equal_to_source();
  EXPECT_EQ(delivered_rows_, 2500U);
  EXPECT_GT(window_reads().size(), 4U);
}

TEST_F(WindowedEngine, AnIndexThatLeadsToTooManyRowsGivesWayToOneScan) {
  make_orders(3000, 30);
  for (int64_t id = 0; id < 3000; ++id) change(id, 7);
  SyncOptions options = windowed();
  options.costs.scan_row_s = 0.001;
  options.costs.index_row_s = 0.01;
  const auto summary = sync({}, {}, options);
  ASSERT_TRUE(summary.ok());
  expect_equal_to_source();
  EXPECT_EQ(delivered_rows_, 3000U);
  EXPECT_GE(windows().size(), 1U);
  EXPECT_LE(windows().size(), 2U) << "the scan came no sooner than by the second window";
}

TEST_F(WindowedEngine, AnIndexThatTheServerRefusesGivesWayToOneScan) {
  make_orders(2000, 30);
  change(3, 5);
  tables_["orders"].serves_index = false;
  const auto summary = sync({}, {}, windowed());
  ASSERT_TRUE(summary.ok());
  EXPECT_FALSE(summary->tables[0].error.has_value());
  expect_equal_to_source();
  EXPECT_EQ(windows().size(), 1U);
  EXPECT_EQ(delivered_rows_, 1U);
}

TEST_F(WindowedEngine, AnIndexThatKeepsFailingGivesWayToOneScan) {
  make_orders(2000, 30);
  for (int64_t id = 0; id < 300; ++id) change(id, id % 30);
  FakeSourceOptions building;
  int window_pages = 0;
  building.fault = [&](const ScanRequest& request) -> std::optional<Error> {
    if (!request.query->by_index || ++window_pages < 3) return std::nullopt;
    return Error{ErrorCode::kUnavailable, "the index is being built"};
  };
  const auto summary = sync(building, {}, windowed());
  ASSERT_TRUE(summary.ok());
  EXPECT_FALSE(summary->tables[0].error.has_value());
  expect_equal_to_source();
}

TEST_F(WindowedEngine, ACrashAtEveryStepIsResumedInItsWindow) {
  make_orders(1500, 30);
  for (int64_t id = 0; id < 600; ++id) change(id, id % 30);
  const testing::FakeDestination before = destination_;
  ASSERT_TRUE(sync({}, {}, windowed()).ok());
  const uint64_t steps = calls_;
  ASSERT_GT(steps, 15U);
  bool resumed_in_a_window = false;
  for (uint64_t step = 1; step <= steps; ++step) {
    destination_ = before;
    FakeSinkOptions crash;
    crash.crash_after_calls = step;
    ASSERT_FALSE(sync({}, crash, windowed()).ok());
    const auto state = decode_state(destination_.state->json);
    ASSERT_TRUE(state.ok()) << state.error().message;
    const auto& run = state->tables.at("orders").run;
    const bool in_window = run && run->window_end_ms;
    const auto resumed = sync({}, {}, windowed());
    ASSERT_TRUE(resumed.ok()) << "step " << step << ": " << resumed.error().message;
    expect_equal_to_source();
    if (!in_window) continue;
    resumed_in_a_window = true;
    for (const ScanRequest& read : window_reads()) {
      ASSERT_GE(read.query->cursor_after_ms, run->cursor_after_ms) << "step " << step;
    }
  }
  EXPECT_TRUE(resumed_in_a_window);
}

TEST_F(WindowedEngine, AResumeWithoutTheIndexReadsTheWindowAnew) {
  make_orders(1500, 30);
  for (int64_t id = 0; id < 1200; ++id) change(id, 1 + id % 3);
  FakeSinkOptions crash;
  crash.crash_after_calls = 8;
  ASSERT_FALSE(sync({}, crash, windowed()).ok());
  const auto state = decode_state(destination_.state->json);
  ASSERT_TRUE(state.ok());
  ASSERT_TRUE(state->tables.at("orders").run->window_end_ms.has_value());
  tables_["orders"].is_indexed = false;
  ASSERT_TRUE(sync({}, {}, windowed()).ok());
  expect_equal_to_source();
}

TEST_F(WindowedEngine, ManySmallTablesAreReadSideBySide) {
  for (int i = 0; i < 500; ++i) tables_["t" + std::to_string(i)] = table_of(i % 9, false);
  SyncOptions many = options();
  many.in_flight_max = 12;
  const auto summary = sync({}, {}, many);
  ASSERT_TRUE(summary.ok());
  expect_equal_to_source();
  EXPECT_EQ(*std::max_element(scans_at_once_.begin(), scans_at_once_.end()), 12U);
  EXPECT_EQ(requests_.size(), 500U);
}

TEST_F(WindowedEngine, AViewIsReadInFullEachRun) {
  tables_["by_day"] = table_of(100, true);
  tables_["by_day"].is_view = true;
  ASSERT_TRUE(sync().ok());
  tables_["by_day"].rows.erase(4);
  const auto summary = sync();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->tables[0].run, RunKind::kFull);
  EXPECT_EQ(summary->tables[0].rows_deleted, 1U);
  expect_equal_to_source();
}

TEST_F(WindowedEngine, AFirstRunPastAFloorLeavesOlderRowsOutAndSweepsNothing) {
  tables_["orders"] = table_of(1000, true, 5'000);
  for (int64_t id = 0; id < 1000; id += 2) tables_["orders"].rows[id].updated_at_ms = 500;
  tables_["orders"].rows[1].updated_at_ms = std::nullopt;
  SyncOptions late = options();
  late.initial_start_ms = 1'000;
  auto summary = sync({}, {}, late);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->tables[0].run, RunKind::kFirst);
  EXPECT_EQ(delivered_rows_, 499U);
  EXPECT_EQ(destination_.tables["orders"].size(), 499U);
  EXPECT_EQ(decode_state(destination_.state->json)->tables.at("orders").floor_ms, 1'000);

  // A later floor changes nothing; an earlier one, or none, reads the table anew.
  late.initial_start_ms = 2'000;
  summary = sync({}, {}, late);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->tables[0].run, RunKind::kIncremental);
  late.initial_start_ms = 100;
  summary = sync({}, {}, late);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->tables[0].run, RunKind::kFirst);
  EXPECT_EQ(delivered_rows_, 999U);
  ASSERT_TRUE(sync().ok());
  expect_equal_to_source();
}

}  // namespace
}  // namespace ringsync
