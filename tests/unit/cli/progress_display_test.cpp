#include "cli/progress_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"

namespace ringsync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

ProgressSnapshot one_table(TablePhase state) {
  ProgressSnapshot progress;
  progress.tables = {{.name = "flights", .state = state, .rows = 5}};
  return progress;
}

class BarsDisplay : public testing::Test {
 protected:
  BarsDisplay() {
    set_up_logging(LogLevel::kInfo, LogFormat::kText);
    display_ = make_bars_display({[this](std::string_view text) { writes_.emplace_back(text); },
                                  [] { return TerminalStyle{.width = 60}; }});
  }
  std::vector<std::string> writes_;
  std::unique_ptr<ProgressDisplay> display_;
};

TEST_F(BarsDisplay, AreDrawnOverThoseBefore) {
  display_->show(one_table(TablePhase::kReading));
  display_->show(one_table(TablePhase::kDone));
  display_->show(one_table(TablePhase::kDone));
  ASSERT_THAT(writes_, SizeIs(3));
  EXPECT_THAT(writes_[0], StartsWith("flights"));
  EXPECT_THAT(writes_[1], StartsWith("\x1b[2A\r\x1b[J1 table: 1 done"));
  EXPECT_THAT(writes_[2], StartsWith("\x1b[1A\r\x1b[J1 table: 1 done"));
}

TEST_F(BarsDisplay, StayBelowLogLines) {
  log_info("first");
  display_->show(one_table(TablePhase::kReading));
  log_info("second");
  ASSERT_THAT(writes_, SizeIs(3));
  EXPECT_THAT(writes_[0], HasSubstr("info first\n"));
  EXPECT_THAT(writes_[2], StartsWith("\x1b[2A\r\x1b[J"));
  EXPECT_THAT(writes_[2], HasSubstr("info second\n" + writes_[1]));
}

TEST_F(BarsDisplay, StayOnTheTerminalWhenTheyEndAndGiveTheLogBack) {
  display_->show(one_table(TablePhase::kReading));
  display_->end(one_table(TablePhase::kDone));
  ASSERT_THAT(writes_, SizeIs(2));
  testing::internal::CaptureStderr();
  log_info("after");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("info after\n"));
  EXPECT_THAT(writes_, SizeIs(2));
}

TEST_F(BarsDisplay, GiveTheLogBackWhenTheyAreDestroyed) {
  display_.reset();
  testing::internal::CaptureStderr();
  log_info("after");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("info after\n"));
  EXPECT_THAT(writes_, IsEmpty());
}

TEST_F(BarsDisplay, AreNotTornByLogLinesOfOtherThreads) {
  constexpr int kLines = 200;
  std::thread logging([] {
    for (int i = 0; i < kLines; ++i) log_info("line {}", i);
  });
  for (int i = 0; i < kLines; ++i) display_->show(one_table(TablePhase::kReading));
  logging.join();
  ASSERT_THAT(writes_, SizeIs(2 * kLines));
  bool bars_stand = false;  // every write after the first drawing begins by erasing the bars
  for (const std::string& written : writes_) {
    EXPECT_EQ(written.starts_with("\x1b[2A\r\x1b[J"), bars_stand);
    bars_stand = bars_stand || written.find("flights") != std::string::npos;
  }
}

TEST(LogDisplay, WritesLogLines) {
  set_up_logging(LogLevel::kInfo, LogFormat::kText);
  std::vector<std::string> lines;
  set_log_writer([&](std::string_view line) { lines.emplace_back(line); });
  const auto display = make_log_display(1'000);
  display->show(one_table(TablePhase::kReading));
  display->end(one_table(TablePhase::kDone));
  set_log_writer({});
  EXPECT_THAT(lines, ElementsAre(HasSubstr("info flights: done, 5 rows")));
}

TEST(AutomaticProgress, TakesBarsOnlyOnATerminalWithATextLog) {
  EXPECT_EQ(decided(ProgressMode::kAuto, LogFormat::kText, true), ProgressMode::kBars);
  EXPECT_EQ(decided(ProgressMode::kAuto, LogFormat::kText, false), ProgressMode::kLog);
  EXPECT_EQ(decided(ProgressMode::kAuto, LogFormat::kJson, true), ProgressMode::kLog);
  EXPECT_EQ(decided(ProgressMode::kNone, LogFormat::kText, true), ProgressMode::kNone);
  EXPECT_EQ(decided(ProgressMode::kBars, LogFormat::kJson, false), ProgressMode::kBars);
}

}  // namespace
}  // namespace ringsync
