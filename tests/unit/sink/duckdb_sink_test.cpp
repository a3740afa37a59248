// What the DuckDB sink does with rows, checkpoints and state.
#include "sink/adbc/adbc_sink.h"

#include <gmock/gmock.h>

#include <limits>

#include "duckdb_fixture.h"
#include "sink/adbc/state_row.h"

namespace ringsync {
namespace {

using testing::ElementsAre;

const std::string kRows = "SELECT id::VARCHAR, name FROM ks.ks.t ORDER BY id, name";

class DuckDbSinkTest : public DuckDbTest {
 protected:
  TablePlan plan_ = plan_of("t", {{"id", TypeKind::kInt}, {"name", TypeKind::kText}});

  /// One run that delivers `cells` (id, name) in one page and ends durably.
  void run(const std::vector<std::pair<int32_t, std::string>>& cells) {
    auto sink = open_sink();
    must(sink->open_table(plan_));
    PageBuilder page = page_of(cells);
    deliver(*sink, plan_, page);
    commit(*sink);
  }
  static PageBuilder page_of(const std::vector<std::pair<int32_t, std::string>>& cells) {
    PageBuilder page(2);
    for (const auto& [id, name] : cells) page.number(id).bytes(name);
    return page;
  }
};

TEST_F(DuckDbSinkTest, RowsCarryTheirRunsStartWhateverTheClockSaysAndAreNotDeleted) {
  plan_.run_started_us = 1'700'000'000'000'005;
  clock_.wall -= 3'600'000'000;
  run({{1, "a"}});
  EXPECT_THAT(rows("SELECT epoch_us(_fivetran_synced)::VARCHAR, _fivetran_deleted::VARCHAR, "
                   "typeof(_fivetran_synced) FROM ks.ks.t"),
              ElementsAre("1700000000000005|false|TIMESTAMP WITH TIME ZONE"));
}

TEST_F(DuckDbSinkTest, KeysDeliveredAgainInALaterRunAreReplaced) {
  run({{1, "a"}, {2, "b"}});
  run({{2, "B"}, {3, "c"}});
  EXPECT_THAT(rows(kRows), ElementsAre("1|a", "2|B", "3|c"));
}

TEST_F(DuckDbSinkTest, TheLastOfRepeatedKeysCounts) {
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder first = page_of({{1, "old"}, {2, "b"}});
  deliver(*sink, plan_, first);
  commit(*sink);
  PageBuilder second = page_of({{1, "newer"}, {3, "x"}, {1, "newest"}, {3, "y"}});
  deliver(*sink, plan_, second, true);
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows(kRows), ElementsAre("1|newest", "2|b", "3|y"));
}

TEST_F(DuckDbSinkTest, RepeatedKeysReplaceRowsOfTheSameUncommittedGroup) {
  options_.pending_bytes_max = 1;  // each delivery reaches the database at once
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder first = page_of({{1, "old"}, {2, "b"}});
  deliver(*sink, plan_, first);
  PageBuilder second = page_of({{1, "new"}});
  deliver(*sink, plan_, second, true);
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows(kRows), ElementsAre("1|new", "2|b"));
}

TEST_F(DuckDbSinkTest, InfinityAndNanAreKeysLikeOthers) {
  const TablePlan plan = plan_of("z", {{"k", TypeKind::kDouble}, {"v", TypeKind::kInt}});
  for (const int32_t version : {1, 2}) {
    auto sink = open_sink();
    must(sink->open_table(plan));
    PageBuilder page(2);
    page.number(0.0).number(version).number(std::numeric_limits<double>::infinity());
    page.number(version * 10)
        .number(std::numeric_limits<double>::quiet_NaN())
        .number(version * 100);
    deliver(*sink, plan, page, true);
    commit(*sink);
  }
  EXPECT_THAT(rows("SELECT k::VARCHAR, v::VARCHAR FROM ks.ks.z ORDER BY v"),
              ElementsAre("0.0|2", "inf|20", "nan|200"));
}

TEST_F(DuckDbSinkTest, SlicesOfAPageTakeTheirRowsOnly) {
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
  const auto page = encode(*sink, plan_, builder);
  must(sink->deliver(plan_, page, {3, 2, false}));
  must(sink->deliver(plan_, page, {5, 1, false}));
  must(sink->deliver(plan_, page, {11, 0, false}));
  must(sink->deliver(plan_, page, {17, 3, false}));
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows(kRows), ElementsAre("3|~", "4|n4", "5|n5", "17|n17", "18|~", "19|n19"));
}

TEST_F(DuckDbSinkTest, TheSweepDeletesRowsThatAFullRunDidNotMeet) {
  run({{1, "a"}, {2, "b"}});
  clock_.wall += 1'000'000;
  plan_.run_started_us = clock_.wall;
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder page = page_of({{2, "b"}});
  deliver(*sink, plan_, page);
  must(sink->finish_table(plan_));
  EXPECT_EQ(sink->rows_deleted("t"), 0U);
  commit(*sink);
  EXPECT_EQ(sink->rows_deleted("t"), 1U);
  commit(*sink);
  EXPECT_EQ(sink->rows_deleted("t"), 1U);
  sink.reset();
  EXPECT_THAT(rows("SELECT id::VARCHAR, _fivetran_deleted::VARCHAR, "
                   "epoch_us(_fivetran_synced)::VARCHAR FROM ks.ks.t ORDER BY id"),
              ElementsAre("1|true|1700000001000000", "2|false|1700000001000000"));
  // A row that comes back is alive again, and the swept one is not swept anew.
  plan_.run_started_us += 1'000'000;
  run({{1, "again"}});
  EXPECT_THAT(rows("SELECT id::VARCHAR, _fivetran_deleted::VARCHAR FROM ks.ks.t ORDER BY id"),
              ElementsAre("1|false", "2|false"));
}

TEST_F(DuckDbSinkTest, IncrementalRunsSweepNothing) {
  run({{1, "a"}});
  clock_.wall += 1'000'000;
  plan_.run_started_us = clock_.wall;
  plan_.run = RunKind::kIncremental;
  auto sink = open_sink();
  must(sink->open_table(plan_));
  must(sink->finish_table(plan_));
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows("SELECT _fivetran_deleted::VARCHAR FROM ks.ks.t"), ElementsAre("false"));
}

TEST_F(DuckDbSinkTest, WhatNoCheckpointCommittedIsGone) {
  run({{1, "a"}});
  state_ = R"({"lost":true})";
  {
    options_.pending_bytes_max = 1;
    auto sink = open_sink();
    must(sink->open_table(plan_));
    PageBuilder page = page_of({{1, "A"}, {2, "b"}});
    deliver(*sink, plan_, page);
    EXPECT_FALSE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  }
  EXPECT_THAT(rows(kRows), ElementsAre("1|a"));
  EXPECT_THAT(rows(R"(SELECT state FROM ks."_ringsync".state)"), ElementsAre("{}"));
}

TEST_F(DuckDbSinkTest, RoutineCheckpointsCommitAfterEnoughRowsOrSeconds) {
  options_.commit_rows = 3;
  options_.commit_seconds = 10;
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder two = page_of({{1, "a"}, {2, "b"}});
  deliver(*sink, plan_, two);
  EXPECT_FALSE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  PageBuilder one = page_of({{3, "c"}});
  deliver(*sink, plan_, one);
  EXPECT_TRUE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  EXPECT_FALSE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  clock_.steady += 9'999;
  EXPECT_FALSE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  clock_.steady += 1;
  EXPECT_TRUE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
}

TEST_F(DuckDbSinkTest, TheStateComesBackWithItsSequence) {
  EXPECT_FALSE(must(must(open_adbc_sink(options_))->load_state()).has_value());
  state_ = R"({"name":"it's \"quoted\" \\ é"})";
  sequence_ = 41;
  {
    auto sink = must(open_adbc_sink(options_));
    EXPECT_FALSE(must(sink->load_state()).has_value());
    commit(*sink);
    commit(*sink);
  }
  const auto stored = must(must(open_adbc_sink(options_))->load_state());
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->sequence, 43U);
  EXPECT_EQ(stored->json, state_);
}

TEST_F(DuckDbSinkTest, StatesOfTwoKeyspacesLiveSideBySide) {
  state_ = "first";
  run({{1, "a"}});
  options_.keyspace = "other";
  EXPECT_FALSE(must(must(open_adbc_sink(options_))->load_state()).has_value());
}

TEST_F(DuckDbSinkTest, AStateThatAnotherSyncChangedIsNotOverwritten) {
  const auto shared = client();
  must(shared->begin_transactions());
  const auto dialect = make_duckdb_dialect("ks");
  StateRow ours(*shared, *dialect, "source");
  StateRow theirs(*shared, *dialect, "source");
  must(ours.load());
  must(theirs.load());
  must(ours.store(1, "ours", 0));
  EXPECT_EQ(theirs.store(1, "theirs", 0).error().code, ErrorCode::kDestinationBusy);
  must(theirs.load());
  must(theirs.store(2, "theirs", 0));
  const Status refused = ours.store(2, "ours again", 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kDestinationBusy);
  EXPECT_NE(refused.error().message.find("another sync wrote to this destination"),
            std::string::npos);
  EXPECT_EQ(must(ours.load())->json, "theirs");
}

TEST_F(DuckDbSinkTest, ACommitThatFailsTakesItsRowsWithItAndEndsTheSink) {
  run({{1, "a"}});
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder page = page_of({{1, "A"}, {2, "b"}});
  deliver(*sink, plan_, page);
  sequence_ = uint64_t{1} << 63;  // does not fit the state's sequence column
  const auto refused = checkpoint(*sink, CheckpointUrgency::kDurable);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kDestination);
  EXPECT_EQ(sink->finish_table(plan_).error().message, refused.error().message);
  EXPECT_EQ(sink->load_state().error().message, refused.error().message);
  EXPECT_EQ(sink->open_table(plan_).error().message, refused.error().message);
  sink.reset();
  EXPECT_THAT(rows(kRows), ElementsAre("1|a"));
  EXPECT_THAT(rows(R"(SELECT sequence::VARCHAR FROM ks."_ringsync".state)"), ElementsAre("1"));
}

TEST_F(DuckDbSinkTest, NamesAreKeptExactly) {
  options_.keyspace = "ks";
  const TablePlan plan = plan_of("Order", {{"select", TypeKind::kInt},
                                           {"ro\"w id", TypeKind::kText},
                                           {"rowid", TypeKind::kInt},
                                           {"Ünï", TypeKind::kInt}});
  for (const int32_t version : {1, 2}) {
    auto sink = open_sink();
    must(sink->open_table(plan));
    PageBuilder page(4);
    page.number(int32_t{5}).bytes("x").number(version).number(int32_t{9});
    page.number(int32_t{5}).bytes("y").number(version).number(int32_t{9});
    deliver(*sink, plan, page, true);
    commit(*sink);
  }
  EXPECT_THAT(rows(R"(SELECT "select"::VARCHAR, "ro""w id", "rowid"::VARCHAR, "Ünï"::VARCHAR
                   FROM ks.ks."Order")"),
              ElementsAre("5|y|2|9"));
}

TEST_F(DuckDbSinkTest, NewColumnsAreAddedAndExtraOnesStay) {
  run({{1, "a"}});
  must(client()->exec("ALTER TABLE ks.ks.t ADD COLUMN mine VARCHAR DEFAULT 'kept'"));
  plan_ =
      plan_of("t", {{"id", TypeKind::kInt}, {"added", TypeKind::kDate}, {"name", TypeKind::kText}});
  {
    auto sink = open_sink();
    must(sink->open_table(plan_));
    PageBuilder page(3);
    page.number(int32_t{2}).bytes(from_hex("80000001")).bytes("b");
    deliver(*sink, plan_, page);
    commit(*sink);
  }
  EXPECT_THAT(rows("SELECT id::VARCHAR, name, added::VARCHAR, mine FROM ks.ks.t ORDER BY id"),
              ElementsAre("1|a|~|kept", "2|b|1970-01-02|kept"));
}

TEST_F(DuckDbSinkTest, AnEmptyTableWithAnotherColumnOrderTakesRowsByName) {
  must(client()->exec("CREATE SCHEMA ks"));
  must(client()->exec("CREATE TABLE ks.ks.t (name VARCHAR, id INTEGER, extra INTEGER)"));
  run({{1, "a"}});
  EXPECT_THAT(rows(kRows), ElementsAre("1|a"));
}

TEST_F(DuckDbSinkTest, NoStagingTableIsLeftBehind) {
  run({{1, "a"}});
  run({{1, "b"}});
  EXPECT_THAT(rows("SELECT table_name FROM duckdb_tables() WHERE schema_name <> '_ringsync'"),
              ElementsAre("t"));
}

TEST_F(DuckDbSinkTest, ManyTablesShareACommit) {
  auto sink = open_sink();
  std::vector<TablePlan> plans;
  for (int i = 0; i < 40; ++i) {
    plans.push_back(plan_of("t" + std::to_string(i), {{"id", TypeKind::kInt}}));
    must(sink->open_table(plans.back()));
    PageBuilder page(1);
    page.number(int32_t{i});
    deliver(*sink, plans.back(), page, i % 2 == 0);
  }
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows("SELECT sum(estimated_size)::VARCHAR FROM duckdb_tables() "
                   "WHERE schema_name = 'ks'"),
              ElementsAre("40"));
}

}  // namespace
}  // namespace ringsync
