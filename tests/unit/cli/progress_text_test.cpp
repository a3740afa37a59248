#include "cli/progress_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace ringsync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TableProgress table(std::string name, TablePhase state, uint64_t rows, double share,
                    int64_t reading_ms) {
  return {.name = std::move(name),
          .state = state,
          .rows = rows,
          .ring_share = share,
          .ring_share_start = 0,
          .reading_ms = reading_ms};
}

ProgressSnapshot many_tables(int reading, int waiting, int done) {
  ProgressSnapshot progress;
  progress.elapsed_ms = 10'000;
  int number = 0;
  const auto add = [&](int count, TablePhase state) {
    for (int i = 0; i < count; ++i) {
      progress.tables.push_back(
          table("table_" + std::to_string(number++), state, 1000, 0.5, 5'000));
    }
  };
  add(done, TablePhase::kDone);
  add(reading, TablePhase::kReading);
  add(waiting, TablePhase::kWaiting);
  return progress;
}

size_t columns(const std::string& line) {
  return static_cast<size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TEST(Bars, ShowRowsRateShareAndTimeLeftOfEachTableBeingRead) {
  ProgressSnapshot progress;
  progress.elapsed_ms = 10'000;
  progress.tables = {table("airlines", TablePhase::kDone, 16, 1, 100),
                     table("flights", TablePhase::kReading, 1'234'567, 0.25, 10'000),
                     table("weather", TablePhase::kWaiting, 0, 0, 0)};
  EXPECT_THAT(
      render_bars(progress, {.width = 80}),
      ElementsAre(
          "flights ####---------------  25 %     1,234,567 rows   123,457 rows/s 30 s left",
          "3 tables: 1 being read, 1 waiting, 1 done; 1,234,583 rows, 123,458 rows/s, 10 s"));
}

TEST(Bars, NeverWrapWhateverTheWidth) {
  ProgressSnapshot progress = many_tables(3, 2, 1);
  progress.tables[1].name = std::string(48, 'n');
  progress.tables[2].name = "Ünïcödé_Tàblé_wíth_a_löng_name_of_its_own";
  progress.tables[1].rows = UINT64_MAX;
  for (const bool unicode : {false, true}) {
    for (size_t width = 0; width < 200; ++width) {
      for (const std::string& line : render_bars(progress, {.width = width, .unicode = unicode})) {
        EXPECT_LE(columns(line), std::max<size_t>(width, 2) - 1) << line;
        EXPECT_EQ(line.find('\n'), std::string::npos);
      }
    }
  }
}

TEST(Bars, SumUpWhatDoesNotFit) {
  const auto lines = render_bars(many_tables(30, 12, 300), {.width = 100, .lines_max = 10});
  ASSERT_THAT(lines, SizeIs(10));
  EXPECT_THAT(lines[8], HasSubstr("table_308"));
  EXPECT_THAT(lines[9], HasSubstr("342 tables: 30 being read, 12 waiting, 300 done"));
}

TEST(Bars, UseColourAndUnicodeOnlyWhereAllowed) {
  const ProgressSnapshot progress = many_tables(1, 0, 0);
  const std::string plain = render_bars(progress, {.width = 80}).front();
  EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
  EXPECT_EQ(columns(plain), plain.size());
  const std::string rich =
      render_bars(progress, {.width = 80, .colour = true, .unicode = true}).front();
  EXPECT_THAT(rich, AllOf(HasSubstr("\x1b[36m█"), HasSubstr("░\x1b[0m")));
}

TEST(Bars, CountAResumedRunsTimeLeftFromWhereItBegan) {
  TableProgress resumed = table("flights", TablePhase::kReading, 100, 0.75, 10'000);
  resumed.ring_share_start = 0.5;
  EXPECT_THAT(table_line(resumed), HasSubstr("75 % of the ring, 10 s left"));
}

TEST(Bars, StayWithinTheirBoundsWhateverTheEngineCounts) {
  for (const double share : {-1.0, 0.0, 1.0, 7.5, std::nan("")}) {
    const TableProgress odd = table("t", TablePhase::kReading, 1, share, 0);
    const ProgressSnapshot progress{.tables = {odd}, .elapsed_ms = 0};
    EXPECT_THAT(render_bars(progress, {.width = 60}), SizeIs(2)) << share;
    EXPECT_THAT(table_line(odd), Not(HasSubstr("left"))) << share;
  }
}

TEST(LogLines, TellOfEachTableThatEndsOnce) {
  ProgressLines lines(5'000);
  ProgressSnapshot progress;
  progress.tables = {table("a", TablePhase::kReading, 1, 0.1, 100),
                     table("b", TablePhase::kWaiting, 0, 0, 0)};
  progress.elapsed_ms = 100;
  EXPECT_THAT(lines.next(progress), IsEmpty());
  progress.tables[0] = table("a", TablePhase::kDone, 2000, 1, 1000);
  progress.tables[1] = table("b", TablePhase::kFailed, 7, 0.3, 900);
  progress.elapsed_ms = 1'000;
  EXPECT_THAT(lines.next(progress),
              ElementsAre("a: done, 2,000 rows in 1.0 s, 2,000 rows/s", "b: failed after 7 rows"));
  progress.elapsed_ms = 1'100;
  EXPECT_THAT(lines.next(progress), IsEmpty());
}

TEST(LogLines, TellOfTheWholeOncePerInterval) {
  ProgressLines lines(5'000);
  ProgressSnapshot progress;
  progress.tables = {table("a", TablePhase::kReading, 500, 0.9, 4'000),
                     table("b", TablePhase::kReading, 500, 0.1, 4'000)};
  progress.elapsed_ms = 4'999;
  EXPECT_THAT(lines.next(progress), IsEmpty());
  progress.elapsed_ms = 5'000;
  EXPECT_THAT(lines.next(progress),
              ElementsAre("2 tables: 2 being read, 0 done; 1,000 rows, 200 rows/s, 5.0 s",
                          "b: 500 rows, 125 rows/s, 10 % of the ring, 36 s left"));
  progress.elapsed_ms = 9'000;
  EXPECT_THAT(lines.next(progress), IsEmpty());
}

}  // namespace
}  // namespace ringsync
