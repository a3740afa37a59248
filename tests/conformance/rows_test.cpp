// What every destination does with rows: loads, upserts, deletes, sweeps, and nothing without a
// commit.
#include <sys/wait.h>
#include <unistd.h>

#include <limits>

#include "fixture.h"

namespace ringsync {
namespace {

using testing::ElementsAre;

class Rows : public ConformanceTest {
 protected:
  TablePlan plan_ = plan_of("t", {{"id", TypeKind::kInt}, {"name", TypeKind::kText}});

  void run(const std::vector<std::pair<int32_t, std::string>>& cells) {
    PageBuilder page = names_page(cells);
    ConformanceTest::run(plan_, page);
  }
  std::vector<std::string> names() { return rows("t", {"id", "name"}); }
  std::vector<std::string> live() { return rows("t", {"id", "name", "_fivetran_deleted"}); }
  std::string alive(const std::string& row) { return row + "|" + quirks_.false_text; }
  std::string gone(const std::string& row) { return row + "|" + quirks_.true_text; }
};
RINGSYNC_ON_EVERY_DATABASE(Rows);

TEST_P(Rows, AFirstLoadArrivesWithItsRunsStartAndNothingDeleted) {
  plan_.run_started_us = 1'700'000'000'000'005;
  clock_.wall -= 3'600'000'000;
  run({{1, "a"}, {2, ""}});
  EXPECT_THAT(live(), ElementsAre(alive("1|a"), alive("2|")));
  const auto synced = rows("t", {"_fivetran_synced"});
  ASSERT_EQ(synced.size(), 2U);
  EXPECT_THAT(synced[0], testing::MatchesRegex("2023-11-14[ T]22:13:20\\.000005.*"));
}

TEST_P(Rows, KeysDeliveredAgainInALaterRunAreReplaced) {
  run({{1, "a"}, {2, "b"}});
  run({{2, "B"}, {3, "c"}});
  EXPECT_THAT(names(), ElementsAre("1|a", "2|B", "3|c"));
}

TEST_P(Rows, TheLastOfRepeatedKeysCounts) {
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder first = names_page({{1, "old"}, {2, "b"}});
  deliver_page(*sink, plan_, first);
  commit(*sink);
  PageBuilder second = names_page({{1, "newer"}, {3, "x"}, {1, "newest"}, {3, "y"}});
  deliver_page(*sink, plan_, second, true);
  commit(*sink);
  sink.reset();
  EXPECT_THAT(names(), ElementsAre("1|newest", "2|b", "3|y"));
}

TEST_P(Rows, RepeatedKeysReplaceRowsOfTheSameUncommittedGroup) {
  options_.pending_bytes_max = 1;  // each delivery reaches the database at once
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder first = names_page({{1, "old"}, {2, "b"}});
  deliver_page(*sink, plan_, first);
  PageBuilder second = names_page({{1, "new"}});
  deliver_page(*sink, plan_, second, true);
  commit(*sink);
  sink.reset();
  EXPECT_THAT(names(), ElementsAre("1|new", "2|b"));
}

TEST_P(Rows, ARowUpdatedDeletedAndInsertedAgainInOneBatchIsThere) {
  run({{1, "a"}, {2, "b"}});
  auto sink = open_sink();
  must(sink->open_table(plan_));
  for (const auto& [name, operation] :
       std::vector<std::pair<std::string, Operation>>{{"updated", Operation::kUpsert},
                                                      {"", Operation::kDelete},
                                                      {"inserted", Operation::kUpsert}}) {
    PageBuilder page = names_page({{1, name}});
    deliver_page(*sink, plan_, page, false, operation);
  }
  commit(*sink);
  EXPECT_EQ(sink->rows_deleted("t"), 0U);
  sink.reset();
  EXPECT_THAT(live(), ElementsAre(alive("1|inserted"), alive("2|b")));
}

TEST_P(Rows, ADeleteAsTheLastOperationKeepsTheRowsValuesAndMarksIt) {
  run({{1, "a"}, {2, "b"}, {3, "c"}});
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder upserts = names_page({{1, "A"}, {4, "never kept"}, {2, "B"}});
  deliver_page(*sink, plan_, upserts);
  PageBuilder deletes(2);
  for (const int32_t id : {1, 4, 99}) deletes.number(id).null();
  deliver_page(*sink, plan_, deletes, false, Operation::kDelete);
  commit(*sink);
  EXPECT_EQ(sink->rows_deleted("t"), 1U);
  PageBuilder again = names_page({{1, "back"}});
  deliver_page(*sink, plan_, again);
  PageBuilder third(2);
  third.number(int32_t{3}).null();
  deliver_page(*sink, plan_, third, false, Operation::kDelete);
  commit(*sink);
  EXPECT_EQ(sink->rows_deleted("t"), 2U);
  sink.reset();
  EXPECT_THAT(live(), ElementsAre(alive("1|back"), alive("2|B"), gone("3|c")));
}

TEST_P(Rows, DeletesOfATableThatIsNewLeaveNoRow) {
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder upserts = names_page({{1, "a"}, {2, "b"}});
  deliver_page(*sink, plan_, upserts);
  PageBuilder deletes(2);
  deletes.number(int32_t{1}).null();
  deliver_page(*sink, plan_, deletes, false, Operation::kDelete);
  commit(*sink);
  sink.reset();
  EXPECT_THAT(live(), ElementsAre(alive("2|b")));
}

TEST_P(Rows, InfinityIsAKeyLikeOthersAndNanWhereThereIsOne) {
  const TablePlan plan = plan_of("z", {{"k", TypeKind::kDouble}, {"v", TypeKind::kInt}});
  for (const int32_t version : {1, 2}) {
    auto sink = open_sink();
    must(sink->open_table(plan));
    PageBuilder page(2);
    page.number(0.0).number(version);
    page.number(std::numeric_limits<double>::infinity()).number(version * 10);
    if (quirks_.has_nan) {
      page.number(std::numeric_limits<double>::quiet_NaN()).number(version * 100);
    }
    deliver_page(*sink, plan, page, true);
    commit(*sink);
  }
  const auto values = rows("z", {"v"});
  EXPECT_EQ(values.size(), quirks_.has_nan ? 3U : 2U);
  EXPECT_THAT(values, testing::IsSubsetOf({"2", "20", "200"}));
}

TEST_P(Rows, CompositeKeysOfManyTypesAreMergedByAllTheirColumns) {
  const TablePlan plan = plan_of("c",
                                 {{"u", TypeKind::kUuid},
                                  {"at", TypeKind::kTimestamp},
                                  {"day", TypeKind::kDate},
                                  {"raw", TypeKind::kBlob},
                                  {"yes", TypeKind::kBoolean},
                                  {"word", TypeKind::kText},
                                  {"time", TypeKind::kTime},
                                  {"v", TypeKind::kInt}},
                                 7);
  for (const int32_t version : {1, 2, 3}) {
    auto sink = open_sink();
    must(sink->open_table(plan));
    PageBuilder page(8);
    for (const char* word : {"", "a", "A", "a "}) {
      page.bytes(std::string(16, '\x07')).number(int64_t{1'700'000'000'123});
      page.bytes(from_hex("80000001")).bytes(from_hex("00ff")).bytes(from_hex("01")).bytes(word);
      page.number(int64_t{1}).number(version);
    }
    deliver_page(*sink, plan, page, version == 3);
    commit(*sink);
  }
  EXPECT_THAT(rows("c", {"v"}), ElementsAre("3", "3", "3", "3"));
}

TEST_P(Rows, SlicesOfAPageTakeTheirRowsOnly) {
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder builder(2);
  for (int32_t i = 0; i < 20; ++i) {
    builder.number(i);
    if (i % 3 == 0) {
      builder.null();
    } else {
      builder.bytes("n" + std::to_string(i));
    }
  }
  const auto page = encode_page(*sink, plan_, builder);
  must(sink->deliver(plan_, page, {3, 2, false}));
  must(sink->deliver(plan_, page, {5, 1, false}));
  must(sink->deliver(plan_, page, {11, 0, false}));
  must(sink->deliver(plan_, page, {17, 3, false}));
  commit(*sink);
  sink.reset();
  EXPECT_THAT(names(), ElementsAre("3|~", "4|n4", "5|n5", "17|n17", "18|~", "19|n19"));
}

TEST_P(Rows, TheSweepDeletesRowsThatAFullRunDidNotMeet) {
  run({{1, "a"}, {2, "b"}});
  plan_.run_started_us += 1'000'000;
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder page = names_page({{2, "b"}, {3, "c"}});
  deliver_page(*sink, plan_, page);
  must(sink->finish_table(plan_));
  EXPECT_EQ(sink->rows_deleted("t"), 0U) << "not durable yet";
  commit(*sink);
  EXPECT_EQ(sink->rows_deleted("t"), 1U);
  sink.reset();
  EXPECT_THAT(live(), ElementsAre(gone("1|a"), alive("2|b"), alive("3|c")));

  plan_.run_started_us += 1'000'000;
  sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder again = names_page({{1, "back"}});
  deliver_page(*sink, plan_, again);
  must(sink->finish_table(plan_));
  commit(*sink);
  EXPECT_EQ(sink->rows_deleted("t"), 2U) << "what was deleted before counts once";
  sink.reset();
  EXPECT_THAT(live(), ElementsAre(alive("1|back"), gone("2|b"), gone("3|c")));
}

TEST_P(Rows, AnIncrementalRunSweepsNothing) {
  run({{1, "a"}});
  plan_.run_started_us += 1'000'000;
  plan_.run = RunKind::kIncremental;
  auto sink = open_sink();
  must(sink->open_table(plan_));
  must(sink->finish_table(plan_));
  commit(*sink);
  sink.reset();
  EXPECT_THAT(live(), ElementsAre(alive("1|a")));
}

TEST_P(Rows, WhatNoCheckpointCommittedIsGone) {
  run({{1, "a"}});
  state_ = R"({"lost":true})";
  {
    options_.pending_bytes_max = 1;
    auto sink = open_sink();
    must(sink->open_table(plan_));
    PageBuilder page = names_page({{1, "A"}, {2, "b"}});
    deliver_page(*sink, plan_, page);
    EXPECT_FALSE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  }
  EXPECT_THAT(names(), ElementsAre("1|a"));
  EXPECT_EQ(must(must(open_adbc_sink(options_))->load_state())->json, "{}");
}

// The child ends as if killed: no destructor runs.
TEST_P(Rows, ACrashBetweenDeliveryAndCommitLeavesOldRowsAndOldState) {
  run({{1, "a"}});
  options_.pending_bytes_max = 1;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    state_ = "lost";
    auto sink = open_sink();
    must(sink->open_table(plan_));
    PageBuilder page = names_page({{1, "A"}, {2, "b"}});
    deliver_page(*sink, plan_, page);
    _exit(7);
  }
  int ended = 0;
  ASSERT_EQ(waitpid(child, &ended, 0), child);
  ASSERT_EQ(WEXITSTATUS(ended), 7);
  EXPECT_EQ(must(must(open_adbc_sink(options_))->load_state())->json, "{}");
  EXPECT_THAT(names(), ElementsAre("1|a"));
  run({{2, "b"}});
  EXPECT_THAT(names(), ElementsAre("1|a", "2|b"));
}

TEST_P(Rows, NoStagingTableIsLeftBehind) {
  run({{1, "a"}});
  run({{1, "b"}});
  run({{1, "c"}});
  const std::string tables =
      GetParam() == DatabaseKind::kSqlite
          ? "SELECT name FROM sqlite_schema WHERE type = 'table'"
          : "SELECT table_name FROM information_schema.tables WHERE table_schema NOT IN "
            "('pg_catalog', 'information_schema')";
  for (const std::string& table : query(tables)) {
    EXPECT_EQ(table.find("stage"), std::string::npos) << table;
  }
}

TEST_P(Rows, ManyTablesShareACommit) {
  auto sink = open_sink();
  for (int i = 0; i < 40; ++i) {
    const TablePlan plan = plan_of("t" + std::to_string(i), {{"id", TypeKind::kInt}});
    must(sink->open_table(plan));
    PageBuilder page(1);
    page.number(int32_t{i});
    deliver_page(*sink, plan, page, i % 2 == 0);
  }
  commit(*sink);
  sink.reset();
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(rows("t" + std::to_string(i), {"id"}), ElementsAre(std::to_string(i)));
  }
}

}  // namespace
}  // namespace ringsync
