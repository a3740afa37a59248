#include "cli/quantities.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace ringsync {
namespace {

TEST(Quantities, GroupDigitsByThree) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Quantities, ShowBytesInTheLargestUnitThatFits) {
  EXPECT_EQ(byte_text(0), "0 B");
  EXPECT_EQ(byte_text(999), "999 B");
  EXPECT_EQ(byte_text(1234), "1.2 kB");
  EXPECT_EQ(byte_text(999'949), "999.9 kB");
  EXPECT_EQ(byte_text(999'950), "1.0 MB");
  EXPECT_EQ(byte_text(UINT64_MAX), "18.4 EB");
}

TEST(Quantities, ShowTimesAsShortAsTheyAreLong) {
  EXPECT_EQ(duration_text(0), "0.0 s");
  EXPECT_EQ(duration_text(-1), "0.0 s");
  EXPECT_EQ(duration_text(0.44), "0.4 s");
  EXPECT_EQ(duration_text(9.96), "10 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.6), "1:00");
  EXPECT_EQ(duration_text(3725), "1:02:05");
  EXPECT_EQ(duration_text(INFINITY), "277777:46:40");
  EXPECT_EQ(duration_text(NAN), "0.0 s");
}

TEST(Quantities, ShowNoRateWhereNoTimePassed) {
  EXPECT_EQ(rate(100, 0), 0U);
  EXPECT_EQ(rate(100, 0.5), 200U);
  EXPECT_EQ(rate(UINT64_MAX, 1e-9), 0U);
}

}  // namespace
}  // namespace ringsync
