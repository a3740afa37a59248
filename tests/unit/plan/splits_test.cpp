#include "plan/splits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "plan/token_ranges.h"

namespace ringsync {
namespace {

using Ranges = std::vector<TokenRange>;

// Every split is a proper range, they are in order, and together they are exactly `ranges`.
void expect_exact_cover(const Ranges& splits, const Ranges& ranges) {
  for (size_t i = 0; i < splits.size(); ++i) {
    ASSERT_LT(splits[i].start, splits[i].end);
    ASSERT_NE(splits[i].end, kTokenMin);
    if (i > 0) {
      ASSERT_LE(splits[i - 1].end, splits[i].start);
    }
  }
  ASSERT_EQ(merged(splits), merged(ranges));
}

TEST(Splits, ASmallTableIsOneSplitHoweverManyTokensTheRingHas) {
  std::vector<Token> ring;
  for (Token token = -500; token < 500; ++token) ring.push_back(token * 1'000'000);
  EXPECT_EQ(plan_splits({kWholeRing}, ring, {100, 50}, {}), (Ranges{kWholeRing}));
}

TEST(Splits, ALargeTableIsCutAtEveryRingTokenAndBySize) {
  const std::vector<Token> ring{-1'000, 0, 5'000'000'000};
  const Ranges splits = plan_splits({kWholeRing}, ring, {10'000'000, 100}, {});
  expect_exact_cover(splits, {kWholeRing});
  for (const Token token : ring) {
    EXPECT_TRUE(std::any_of(splits.begin(), splits.end(), [&](TokenRange split) {
      return split.end == token;
    })) << token;
  }
  EXPECT_NEAR(static_cast<double>(splits.size()), 10e6 * 100 / (8 << 20), 5.0);
}

TEST(Splits, AFewWideRowsThatNeedManySplitsAreCutAtEveryRingTokenToo) {
  const std::vector<Token> ring{-4'000'000'000'000'000'000, -7, 1'000, 4'000'000'000'000'000'000};
  const Ranges splits = plan_splits({kWholeRing}, ring, {2'000, 1 << 20}, {});
  expect_exact_cover(splits, {kWholeRing});
  for (const Token token : ring) {
    EXPECT_TRUE(std::any_of(splits.begin(), splits.end(), [&](TokenRange split) {
      return split.end == token;
    })) << token;
  }
}

TEST(Splits, ASingleTokenWrapsRoundTheRingAsTwoRanges) {
  const Ranges splits = plan_splits({kWholeRing}, {42}, {2'000, 1}, {});
  EXPECT_EQ(splits, (Ranges{{kTokenMin, 42}, {42, kTokenMax}}));
}

TEST(Splits, TokensAtTheEdgesOfTheRingMakeNoEmptySplit) {
  for (const std::vector<Token>& ring : {std::vector<Token>{kTokenMin},
                                         {kTokenMax},
                                         {kTokenMin, kTokenMax},
                                         {kTokenMin, kTokenMin + 1, kTokenMax - 1, kTokenMax},
                                         {7, 7, 7}}) {
    expect_exact_cover(plan_splits({kWholeRing}, ring, {1'000'000, 10}, {}), {kWholeRing});
  }
}

TEST(Splits, RandomRingsAndRemaindersAreCoveredExactlyOnce) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 500; ++round) {
    std::vector<Token> ring(1 + random() % 300);
    for (Token& token : ring) token = static_cast<Token>(random());
    std::sort(ring.begin(), ring.end());
    Ranges ranges;
    for (unsigned i = 0; i < 1 + random() % 6; ++i) {
      const auto a = static_cast<Token>(random());
      const auto b = random() % 4 == 0 ? a + 1 : static_cast<Token>(random());
      ranges.push_back({std::min(a, b), std::max(a, b)});
    }
    ranges = merged(ranges);
    const TableEstimate estimate{random() % 50'000'000, 1 + random() % 10'000};
    expect_exact_cover(plan_splits(ranges, ring, estimate, {}), ranges);
  }
}

TEST(Splits, AThousandNodesOf256TokensAreCutAtEveryToken) {
  std::mt19937_64 random(3);
  std::vector<Token> ring(256'000);
  for (Token& token : ring) token = static_cast<Token>(random());
  std::sort(ring.begin(), ring.end());
  const Ranges splits = plan_splits({kWholeRing}, ring, {10'000'000'000, 200}, {});
  expect_exact_cover(splits, {kWholeRing});
  std::vector<Token> ends;
  for (const TokenRange& split : splits) ends.push_back(split.end);
  EXPECT_TRUE(std::includes(ends.begin(), ends.end(), ring.begin(), ring.end()));
}

TEST(Splits, TheNumberOfSplitsIsBounded) {
  SplitSizing sizing;
  sizing.splits_max = 100;
  const TableEstimate huge{1'000'000'000'000'000ULL, 1'000'000};
  EXPECT_LE(plan_splits({kWholeRing}, {0}, huge, sizing).size(), 102U);
}

TEST(Splits, ARangeNarrowerThanTheCountIsCutIntoSingleTokens) {
  EXPECT_EQ(cut_evenly({10, 13}, 50), (Ranges{{10, 11}, {11, 12}, {12, 13}}));
  EXPECT_EQ(cut_evenly(kWholeRing, 1), (Ranges{kWholeRing}));
}

}  // namespace
}  // namespace ringsync
