#include "plan/read_costs.h"

#include <gtest/gtest.h>

namespace ringsync {
namespace {

constexpr TableEstimate kFlights{337'000, 100};
constexpr ClusterShape kOneNode{16, 1};

bool index_is_cheaper(TableEstimate table, uint64_t windows, double rows, ClusterShape cluster) {
  return index_read_seconds(windows, rows, 5000, cluster) < scan_read_seconds(table, cluster);
}

TEST(ReadCosts, AboutADozenWindowsAreWorthOneScanOfTheTableThatWasMeasured) {
  EXPECT_TRUE(index_is_cheaper(kFlights, 1, 0, kOneNode));
  EXPECT_TRUE(index_is_cheaper(kFlights, 10, 0, kOneNode));
  EXPECT_FALSE(index_is_cheaper(kFlights, 13, 0, kOneNode));
}

TEST(ReadCosts, ASmallTableIsScanned) {
  EXPECT_FALSE(index_is_cheaper({1'000, 100}, 1, 0, kOneNode));
  EXPECT_FALSE(index_is_cheaper({0, 0}, 1, 0, kOneNode));
}

TEST(ReadCosts, ManyRowsMakeTheIndexTheDearerWay) {
  EXPECT_TRUE(index_is_cheaper(kFlights, 1, 1'000, kOneNode));
  EXPECT_FALSE(index_is_cheaper(kFlights, 1, 100'000, kOneNode));
}

TEST(ReadCosts, MoreNodesFavourTheScanAndMoreRangesToo) {
  EXPECT_FALSE(index_is_cheaper(kFlights, 4, 0, {48, 3}));
  EXPECT_TRUE(index_is_cheaper({30'000'000, 100}, 100, 0, {48, 3}));
  EXPECT_LT(index_read_seconds(1, 0, 5000, {16, 1}), index_read_seconds(1, 0, 5000, {2560, 10}));
}

TEST(ReadCosts, AYearOfSixHourWindowsIsWorthItOnAHugeTableOnly) {
  EXPECT_FALSE(index_is_cheaper({10'000'000, 100}, 1460, 0, kOneNode));
  EXPECT_TRUE(index_is_cheaper({100'000'000, 100}, 1460, 0, kOneNode));
}

}  // namespace
}  // namespace ringsync
