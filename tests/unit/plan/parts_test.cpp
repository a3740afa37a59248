#include "plan/parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "plan/token_ranges.h"

namespace ringsync {
namespace {

using Ranges = std::vector<TokenRange>;

constexpr uint64_t kMib = uint64_t{1} << 20;

/// In order, none empty, and together exactly the ring.
void expect_whole_ring(const Ranges& parts) {
  ASSERT_FALSE(parts.empty());
  EXPECT_EQ(parts.front().start, kTokenMin);
  EXPECT_EQ(parts.back().end, kTokenMax);
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_LT(parts[i].start, parts[i].end);
    if (i > 0) {
      EXPECT_EQ(parts[i - 1].end, parts[i].start);
    }
  }
}

std::vector<Token> random_ring(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Token> tokens(count);
  std::ranges::generate(tokens, [&] { return static_cast<Token>(random()); });
  std::ranges::sort(tokens);
  return tokens;
}

TEST(Parts, AreAsManyAsTheSizeAsksFor) {
  for (const auto& [rows, count] :
       {std::pair<uint64_t, size_t>{0, 1}, {1, 1}, {1000, 1}, {1'000'001, 2}, {10'000'000, 10}}) {
    const Ranges parts = plan_parts({}, {rows, 100}, {.part_bytes_target = 100'000'000});
    expect_whole_ring(parts);
    EXPECT_EQ(parts.size(), count) << rows;
  }
}

TEST(Parts, AreAtLeastSoManyButNotMoreThanRowsNorThanTheMost) {
  const PartSizing sizing{.part_bytes_target = 128 * kMib, .parts_min = 8, .parts_max = 50};
  EXPECT_EQ(plan_parts({}, {1'000'000, 10}, sizing).size(), 8U);
  EXPECT_EQ(plan_parts({}, {3, 10}, sizing).size(), 3U);
  EXPECT_EQ(plan_parts({}, {0, 0}, sizing).size(), 1U);
  EXPECT_EQ(plan_parts({}, {uint64_t{1} << 40, 1000}, sizing).size(), 50U);
}

TEST(Parts, EndAtTokensOfTheRingThatAreCloseAndCoverItExactly) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const std::vector<Token> ring = random_ring(1 + seed * 7, seed);
    for (const uint32_t count : {1U, 2U, 3U, 16U, 100U, 5000U}) {
      const Ranges parts =
          plan_parts(ring, {1'000'000, 100}, {.part_bytes_target = 1 << 30, .parts_min = count});
      expect_whole_ring(parts);
      ASSERT_EQ(parts.size(), count);
      for (const TokenRange& part : parts) {
        EXPECT_LT(ring_share(part) * count, 1.6) << seed;
        EXPECT_GT(ring_share(part) * count, 0.35) << seed;
      }
    }
  }
}

TEST(Parts, OfAFineRingAllEndAtItsTokens) {
  const std::vector<Token> ring = random_ring(256'000, 7);
  const Ranges parts =
      plan_parts(ring, {1'000'000'000, 1000}, {.part_bytes_target = uint64_t{1} << 30});
  EXPECT_EQ(parts.size(), 932U);
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    EXPECT_TRUE(std::ranges::binary_search(ring, parts[i].end)) << i;
  }
}

}  // namespace
}  // namespace ringsync
