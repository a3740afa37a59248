#include "plan/index_windows.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringsync {
namespace {

constexpr int64_t kHour = 3'600'000;

WindowOptions options() {
  WindowOptions options;
  options.table = {10'000'000, 100};
  options.cluster = {16, 1};
  return options;
}

TEST(IndexWindows, SixHoursEachAndTheLastHasNoEnd) {
  IndexWindows windows(0, 20 * kHour, std::nullopt, options());
  std::vector<std::optional<int64_t>> ends;
  do {
    ends.push_back(windows.end_ms());
    windows.met(1);
  } while (windows.advance());
  EXPECT_EQ(ends,
            (std::vector<std::optional<int64_t>>{6 * kHour, 12 * kHour, 18 * kHour, std::nullopt}));
  EXPECT_EQ(windows.windows_done(), 4U);
}

TEST(IndexWindows, AShortSpanIsOneWindowWithoutAnEnd) {
  EXPECT_FALSE(IndexWindows(0, kHour, std::nullopt, options()).end_ms().has_value());
  EXPECT_FALSE(IndexWindows(0, 6 * kHour, std::nullopt, options()).end_ms().has_value());
  EXPECT_FALSE(IndexWindows(5, 4, std::nullopt, options()).end_ms().has_value());
}

TEST(IndexWindows, EachBeginsWhereTheLastEnded) {
  IndexWindows windows(-7, 300 * kHour, std::nullopt, options());
  for (int i = 0; i < 100; ++i) {
    const std::optional<int64_t> end = windows.end_ms();
    if (!end) break;
    windows.met(i % 3 == 0 ? 5 : 0);
    ASSERT_TRUE(windows.advance());
    ASSERT_EQ(windows.after_ms(), *end);
  }
  EXPECT_FALSE(windows.end_ms().has_value());
}

TEST(IndexWindows, AQuietYearIsADozenWindowsAndTheNextRowBringsTheWidthBack) {
  IndexWindows quiet(0, 8760 * kHour, std::nullopt, options());
  while (quiet.advance()) {
  }
  EXPECT_LE(quiet.windows_done(), 13U);

  IndexWindows windows(0, 8760 * kHour, std::nullopt, options());
  ASSERT_TRUE(windows.advance());
  EXPECT_EQ(*windows.end_ms() - windows.after_ms(), 12 * kHour);
  windows.met(1);
  ASSERT_TRUE(windows.advance());
  EXPECT_EQ(*windows.end_ms() - windows.after_ms(), 6 * kHour);
}

TEST(IndexWindows, AWindowUnderWayKeepsItsEnd) {
  IndexWindows windows(0, 100 * kHour, 24 * kHour, options());
  EXPECT_EQ(windows.end_ms(), 24 * kHour);
  windows.met(1);
  ASSERT_TRUE(windows.advance());
  EXPECT_EQ(windows.end_ms(), 30 * kHour);
}

TEST(IndexWindows, RowsMetShowThatAScanIsCheaper) {
  IndexWindows windows(0, 600 * kHour, std::nullopt, options());
  EXPECT_TRUE(windows.estimate().index_is_cheaper());
  windows.met(50'000);
  ASSERT_TRUE(windows.advance());
  EXPECT_FALSE(windows.estimate().index_is_cheaper());
  IndexWindows full(0, 600 * kHour, std::nullopt, options());
  EXPECT_FALSE(full.estimate(2'000'000).index_is_cheaper());
}

TEST(IndexWindows, TheEstimateCountsTheWindowsThatAreLeft) {
  IndexWindows windows(0, 20 * kHour, std::nullopt, options());
  EXPECT_EQ(windows.estimate().windows, 4U);
  windows.met(1);
  ASSERT_TRUE(windows.advance());
  EXPECT_EQ(windows.estimate().windows, 3U);
  EXPECT_NEAR(windows.share_done(), 0.3, 0.001);
  EXPECT_EQ(IndexWindows(0, kHour, std::nullopt, options()).estimate().windows, 1U);
}

}  // namespace
}  // namespace ringsync
