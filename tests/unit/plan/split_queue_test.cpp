#include "plan/split_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "plan/splits.h"
#include "plan/token_ranges.h"

namespace ringsync {
namespace {

TEST(SplitQueue, AnEmptyQueueHandsOutNothing) {
  SplitQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.take().has_value());
}

TEST(SplitQueue, ALaneHasOneSplitOutAtATime) {
  SplitQueue queue(cut_evenly(kWholeRing, 10), 2);
  const auto first = queue.take();
  const auto second = queue.take();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(queue.take().has_value());
  queue.release(first->lane);
  const auto third = queue.take();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->range.start, first->range.end) << "a lane goes on where it was";
}

TEST(SplitQueue, EverySplitIsHandedOutOnceAndMergedRangesStayFewInAnyOrderOfCompletion) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const auto lanes = static_cast<uint32_t>(1 + random() % 16);
    const auto splits = cut_evenly(kWholeRing, 1 + random() % 400);
    SplitQueue queue(splits, lanes);
    std::vector<SplitQueue::Assignment> out;
    std::vector<TokenRange> done;
    for (;;) {
      while (const auto assignment = queue.take()) out.push_back(*assignment);
      if (out.empty()) break;
      const size_t pick = random() % out.size();
      queue.release(out[pick].lane);
      done.push_back(out[pick].range);
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(pick));
      ASSERT_LE(merged(done).size(), 2 * lanes + 1);
    }
    EXPECT_TRUE(queue.empty());
    std::sort(done.begin(), done.end());
    EXPECT_EQ(done, splits);
  }
}

}  // namespace
}  // namespace ringsync
