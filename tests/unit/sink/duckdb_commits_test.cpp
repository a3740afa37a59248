// How often the DuckDB sink commits where merging passes over a large table.
#include "duckdb_fixture.h"

namespace ringsync {
namespace {

constexpr uint32_t kTableRows = 6'400'000;
constexpr int32_t kPageRows = 100'000;

class DuckDbCommits : public DuckDbTest {
 protected:
  TablePlan plan_ = plan_of("t", {{"id", TypeKind::kInt}});

  void deliver(Sink& sink, int page_number, bool may_repeat) {
    PageBuilder page(1);
    for (int32_t id = 0; id < kPageRows; ++id) page.number(page_number * kPageRows + id);
    deliver_page(sink, plan_, page, may_repeat);
  }
  /// Pages of rows, with a routine checkpoint behind each, until one is durable; their number.
  int pages_until_commit(Sink& sink, int most, bool may_repeat = false) {
    for (int number = 1; number <= most; ++number) {
      deliver(sink, number, may_repeat);
      if (must(checkpoint(sink, CheckpointUrgency::kRoutine))) return number;
    }
    return 0;
  }
  void fill_table() {
    {
      auto sink = open_sink();
      must(sink->open_table(plan_));
      commit(*sink);
    }
    must(client()->exec("INSERT INTO ks.ks.t SELECT id, now(), false FROM range(" +
                        std::to_string(kTableRows) + ") AS r(id)"));
  }
};

TEST_F(DuckDbCommits, AnEmptyTableIsCommittedEach200000Rows) {
  auto sink = open_sink();
  must(sink->open_table(plan_));
  EXPECT_EQ(pages_until_commit(*sink, 10), 2);
}

TEST_F(DuckDbCommits, ALargeTableIsMergedIntoWhereThatIsWorthPassingOverIt) {
  fill_table();
  auto sink = open_sink();
  must(sink->open_table(plan_));
  EXPECT_EQ(pages_until_commit(*sink, 10), 4);
  EXPECT_EQ(pages_until_commit(*sink, 10), 4) << "the next group is as large";
  sink.reset();
  EXPECT_EQ(rows("SELECT count(*), count(DISTINCT id) FROM ks.ks.t"),
            std::vector<std::string>{"6400000|6400000"});
}

TEST_F(DuckDbCommits, RowsOfThisSyncCountWhereSomeAreReadAgainUntilTheyAreMerged) {
  auto sink = open_sink();
  must(sink->open_table(plan_));
  for (int number = 0; number < 48; ++number) deliver(*sink, number, false);
  commit(*sink);
  EXPECT_EQ(pages_until_commit(*sink, 10, true), 3) << "a sixteenth of 4.8 million";
  for (int number = 48; number < 50; ++number) deliver(*sink, number, false);
  EXPECT_TRUE(must(checkpoint(*sink, CheckpointUrgency::kRoutine))) << "what is new goes direct";
  sink.reset();
  EXPECT_EQ(rows("SELECT count(*), count(DISTINCT id) FROM ks.ks.t"),
            std::vector<std::string>{"5000000|5000000"});
}

TEST_F(DuckDbCommits, WhatTheUserChoseHoldsForALargeTableToo) {
  fill_table();
  options_.commit_rows = 100'000;
  auto sink = open_sink();
  must(sink->open_table(plan_));
  EXPECT_EQ(pages_until_commit(*sink, 10), 1);
}

}  // namespace
}  // namespace ringsync
