#include "cli/repeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringsync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Rounds that take so long and end so, on a clock that they move.
class Repeat : public ::testing::Test, public Clock {
 protected:
  struct Round {
    int64_t takes_ms = 0;
    Result<ExitCode> outcome = kExitDone;
  };

  int64_t wall_us() const override { return now_ms_ * 1000; }
  int64_t steady_ms() const override { return now_ms_; }
  void sleep_ms(int64_t) const override {}

  Result<ExitCode> run(std::vector<Round> rounds) {
    size_t next = 0;
    const Rounds made{1000,
                      [&]() -> Result<ExitCode> {
                        starts_.push_back(now_ms_);
                        now_ms_ += rounds.at(next).takes_ms;
                        return rounds.at(next++).outcome;
                      },
                      [&] { waits_begun_.push_back(now_ms_); },
                      [&](int64_t ms) {
                        now_ms_ += ms;
                        return next == rounds.size();
                      }};
    return repeat(made, *this);
  }

  int64_t now_ms_ = 0;
  std::vector<int64_t> starts_;
  std::vector<int64_t> waits_begun_;
};

TEST_F(Repeat, StartsEachRoundAnIntervalAfterTheStartOfTheOneBefore) {
  EXPECT_EQ(*run({{100}, {999}, {300}}), kExitDone);
  EXPECT_THAT(starts_, ElementsAre(0, 1000, 2000));
  EXPECT_THAT(waits_begun_, ElementsAre(100, 1999, 2300));
}

TEST_F(Repeat, StartsTheNextAtOnceAfterARoundThatTookLongerAndCatchesNothingUp) {
  EXPECT_EQ(*run({{3500}, {100}, {0}}), kExitDone);
  EXPECT_THAT(starts_, ElementsAre(0, 3500, 4500));
}

TEST_F(Repeat, GoesOnAfterFailuresThatMayBeGoneByTheNextRound) {
  for (const ErrorCode code : {ErrorCode::kConnect, ErrorCode::kAuth, ErrorCode::kUnavailable,
                               ErrorCode::kDestination, ErrorCode::kDestinationBusy}) {
    starts_.clear();
    EXPECT_EQ(*run({{10, Error{code, "down"}}, {10, kExitTableFailed}, {10}}), kExitDone);
    EXPECT_EQ(starts_.size(), 3U) << to_string(code);
  }
}

TEST_F(Repeat, EndsAtOnceWithAnErrorThatOnlyTheUserCanMend) {
  for (const ErrorCode code :
       {ErrorCode::kConfig, ErrorCode::kStateDamaged, ErrorCode::kDriver, ErrorCode::kUnknownTable,
        ErrorCode::kOutput, ErrorCode::kInternal}) {
    starts_.clear();
    const auto outcome = run({{10}, {10, Error{code, "wrong"}}, {10}});
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, code);
    EXPECT_EQ(starts_.size(), 2U) << to_string(code);
  }
}

TEST_F(Repeat, EndsWithTheExitCodeOfTheLastRound) {
  EXPECT_EQ(*run({{10}, {10, kExitTableFailed}}), kExitTableFailed);
  EXPECT_EQ(*run({{10}, {10, Error{ErrorCode::kConnect, "down"}}}), kExitSource);
  starts_.clear();
  EXPECT_EQ(*run({{10, kExitInterrupted}, {10}}), kExitInterrupted);
  EXPECT_EQ(starts_.size(), 1U);
}

TEST(Intervals, AreWholeNumbersWithAUnit) {
  EXPECT_EQ(*parse_interval_ms("30s"), 30'000);
  EXPECT_EQ(*parse_interval_ms("15m"), 900'000);
  EXPECT_EQ(*parse_interval_ms("2h"), 7'200'000);
  EXPECT_EQ(*parse_interval_ms("366d"), 31'622'400'000);
  for (const char* text : {"", "s", "15", "0s", "-1s", "1.5h", "1w", "1 m", "367d", "1M",
                           "99999999999999999999s", "m15"}) {
    const auto interval = parse_interval_ms(text);
    ASSERT_FALSE(interval.ok()) << text;
    EXPECT_EQ(interval.error().code, ErrorCode::kUsage);
    EXPECT_THAT(interval.error().message, HasSubstr("as 30s, 15m, 2h or 1d")) << text;
  }
}

}  // namespace
}  // namespace ringsync
