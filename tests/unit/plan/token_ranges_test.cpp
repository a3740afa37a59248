#include "plan/token_ranges.h"

#include <gtest/gtest.h>

#include <random>

namespace ringsync {
namespace {

using Ranges = std::vector<TokenRange>;

TEST(TokenRanges, MergingJoinsTouchingAndOverlappingRangesAndDropsEmptyOnes) {
  EXPECT_EQ(merged({{5, 9}, {1, 3}, {3, 4}, {8, 12}, {20, 20}, {30, 25}}),
            (Ranges{{1, 4}, {5, 12}}));
  EXPECT_EQ(merged({{0, kTokenMax}, {kTokenMin, 0}}), (Ranges{kWholeRing}));
  EXPECT_TRUE(merged({}).empty());
}

TEST(TokenRanges, WithoutLeavesExactlyWhatIsNotTaken) {
  EXPECT_EQ(without({kWholeRing}, {}), (Ranges{kWholeRing}));
  EXPECT_TRUE(without({kWholeRing}, {kWholeRing}).empty());
  EXPECT_EQ(without({{0, 10}}, {{3, 5}, {5, 6}}), (Ranges{{0, 3}, {6, 10}}));
  EXPECT_EQ(without({{0, 10}, {20, 30}}, {{-5, 2}, {8, 25}}), (Ranges{{2, 8}, {25, 30}}));
  EXPECT_EQ(without({kWholeRing}, {{kTokenMax - 1, kTokenMax}}),
            (Ranges{{kTokenMin, kTokenMax - 1}}));
}

TEST(TokenRanges, SharesOfTheRingAddUpToOne) {
  EXPECT_DOUBLE_EQ(ring_share({kTokenMin, 0}) + ring_share({0, kTokenMax}), 1.0);
  EXPECT_DOUBLE_EQ(ring_share({kTokenMin, 0}), 0.5);
  EXPECT_GT(ring_share({7, 8}), 0.0);
}

TEST(TokenRanges, WithoutAgreesWithCountingTokensOneByOneOnRandomRanges) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const auto draw = [&] {
      Ranges ranges;
      for (auto i = random() % 5; i > 0; --i) {
        const auto start = static_cast<Token>(random() % 40);
        ranges.push_back({start, start + static_cast<Token>(random() % 10)});
      }
      return ranges;
    };
    const Ranges from = draw();
    const Ranges taken = draw();
    const Ranges left = without(from, taken);
    const auto holds = [](const Ranges& ranges, Token token) {
      for (const TokenRange& range : ranges) {
        if (range.start < token && token <= range.end) return true;
      }
      return false;
    };
    for (Token token = -1; token < 60; ++token) {
      ASSERT_EQ(holds(left, token), holds(from, token) && !holds(taken, token)) << token;
    }
    ASSERT_EQ(merged(left), left);
  }
}

}  // namespace
}  // namespace ringsync
