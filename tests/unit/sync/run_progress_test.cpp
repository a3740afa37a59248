#include "sync/run_progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "plan/splits.h"
#include "plan/token_ranges.h"

namespace ringsync {
namespace {

using Ranges = std::vector<TokenRange>;

TEST(RunProgress, IsCompleteOnlyWhenTheDoneRangesAreTheRing) {
  auto splits = cut_evenly(kWholeRing, 50);
  std::shuffle(splits.begin(), splits.end(), std::mt19937(4));
  RunProgress progress;
  for (const TokenRange& split : splits) {
    EXPECT_FALSE(progress.covers_ring());
    progress.complete(split);
  }
  EXPECT_TRUE(progress.covers_ring());
  EXPECT_DOUBLE_EQ(progress.share(), 1.0);
}

TEST(RunProgress, WhatRemainsLeavesOutDoneRangesAndRangesUnderWay) {
  RunProgress progress;
  progress.complete({0, 10});
  progress.advance({20, 40}, 25, {1});
  EXPECT_EQ(progress.remaining(), (Ranges{{kTokenMin, 0}, {10, 20}, {40, kTokenMax}}));
}

TEST(RunProgress, ARestartReadsThePartitionReachedAgainAndNothingBeforeIt) {
  RunProgress progress;
  progress.advance({20, 40}, 25, {1});
  EXPECT_EQ(progress.restart({20, 40}), (TokenRange{24, 40}));
  EXPECT_EQ(progress.position({20, 40}), nullptr);
  progress.complete({24, 40});
  RunState run;
  progress.save(run);
  EXPECT_EQ(run.done, (Ranges{{20, 40}}));
}

TEST(RunProgress, ARestartBeforeAnyPageReadsTheWholeRange) {
  RunProgress progress;
  EXPECT_EQ(progress.restart({20, 40}), (TokenRange{20, 40}));
}

TEST(RunProgress, ARestartAtTheFirstOrLastTokenOfARangeIsNotEmpty) {
  RunProgress progress;
  progress.advance({20, 40}, 21, {1});
  EXPECT_EQ(progress.restart({20, 40}), (TokenRange{20, 40}));
  progress.advance({20, 40}, 40, {1});
  EXPECT_EQ(progress.restart({20, 40}), (TokenRange{39, 40}));
}

TEST(RunProgress, SavingAndLoadingKeepsEverything) {
  RunProgress progress;
  progress.complete({0, 10});
  progress.advance({20, 40}, 25, {1, 2, 3});
  RunState run;
  progress.save(run);
  run.paging_fingerprint = "a";
  RunState again;
  RunProgress(run, "a").save(again);
  EXPECT_EQ(again.done, run.done);
  EXPECT_EQ(again.active, run.active);
}

TEST(RunProgress, PagingStatesMadeForAnotherStatementAreNotUsed) {
  RunProgress progress;
  progress.advance({20, 40}, 25, {1, 2, 3});
  RunState run;
  progress.save(run);
  run.paging_fingerprint = "a";
  const auto positions = RunProgress(run, "b").positions();
  ASSERT_EQ(positions.size(), 1U);
  EXPECT_TRUE(positions[0].paging_state.empty());
  EXPECT_EQ(positions[0].reached, 25);
}

}  // namespace
}  // namespace ringsync
