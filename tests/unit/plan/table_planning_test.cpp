#include "plan/table_planning.h"

#include <gtest/gtest.h>

namespace ringsync {
namespace {

Table orders() {
  Table table{"shop", "orders", "id-1", {}, 1, 1};
  table.columns = {{"id", {TypeKind::kBigint, {}, "", {}, 0}, ColumnKind::kPartitionKey},
                   {"note", {TypeKind::kText, {}, "", {}, 0}, ColumnKind::kRegular},
                   {"updated_at", {TypeKind::kTimestamp, {}, "", {}, 0}, ColumnKind::kRegular}};
  return table;
}

const PlanningOptions kOptions{};  // updated_at, 300 s

TEST(TablePlanning, TheFirstRunOfATableWithACursorReadsEverythingAndSweeps) {
  TableState state;
  const TablePlan plan = plan_table(orders(), state, kOptions, {5'000, 9'000'000});
  EXPECT_EQ(plan.mode, SyncMode::kTimestamp);
  EXPECT_EQ(plan.run, RunKind::kFirst);
  EXPECT_FALSE(plan.cursor_after_ms.has_value());
  EXPECT_TRUE(plan.sweeps());
  EXPECT_EQ(plan.until_ms, 5'000);
  EXPECT_EQ(plan.run_started_us, 9'000'000);
}

TEST(TablePlanning, TheNextRunReadsFromTheLastUntilLessTheOverlapOn) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000'000, 1});
  complete_run(state);
  const TablePlan plan = plan_table(orders(), state, kOptions, {2'000'000, 5});
  EXPECT_EQ(plan.run, RunKind::kIncremental);
  EXPECT_EQ(plan.cursor_after_ms, 699'999);
  EXPECT_FALSE(plan.sweeps());
  EXPECT_EQ(plan.until_ms, 2'000'000);
}

TEST(TablePlanning, AResumeKeepsTheBoundsOfTheFirstAttempt) {
  TableState state;
  const TablePlan first = plan_table(orders(), state, kOptions, {1'000, 7});
  const TablePlan again = plan_table(orders(), state, kOptions, {9'000, 8});
  EXPECT_EQ(again.until_ms, first.until_ms);
  EXPECT_EQ(again.run_started_us, first.run_started_us);
}

TEST(TablePlanning, AResumedRunHasBegunAndANewOneHasNot) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000, 7});
  EXPECT_FALSE(state.run->has_begun);
  state.run->has_begun = true;
  plan_table(orders(), state, kOptions, {9'000, 8});
  EXPECT_TRUE(state.run->has_begun);
  complete_run(state);
  plan_table(orders(), state, kOptions, {10'000, 9});
  EXPECT_FALSE(state.run->has_begun);
}

TEST(TablePlanning, ColumnsAreKnownWhereAnEarlierRunHadTheSame) {
  TableState state;
  EXPECT_FALSE(plan_table(orders(), state, kOptions, {0, 1}).columns_are_known);
  EXPECT_TRUE(plan_table(orders(), state, kOptions, {0, 2}).columns_are_known);
  Table more = orders();
  more.columns.push_back({"more", {TypeKind::kInt, {}, "", {}, 0}, ColumnKind::kRegular});
  EXPECT_FALSE(plan_table(more, state, kOptions, {0, 3}).columns_are_known);
  EXPECT_TRUE(plan_table(more, state, kOptions, {0, 4}).columns_are_known);
  forget_progress(state);
  EXPECT_FALSE(plan_table(more, state, kOptions, {0, 5}).columns_are_known);
  TableState imported = state_read_until(orders(), "updated_at", 5);
  EXPECT_FALSE(plan_table(orders(), imported, kOptions, {0, 6}).columns_are_known);
}

TEST(TablePlanning, RunStartsRiseEvenWhenTheClockStepsBack) {
  TableState state;
  plan_table(orders(), state, kOptions, {0, 1'000});
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {0, 400}).run_started_us, 1'001);
}

TEST(TablePlanning, ATableWithoutAUsableCursorIsReadInFullAndSaysWhy) {
  Table table = orders();
  table.columns.pop_back();
  TableState state;
  TablePlan plan = plan_table(table, state, kOptions, {});
  EXPECT_EQ(plan.mode, SyncMode::kFull);
  EXPECT_EQ(plan.run, RunKind::kFull);
  EXPECT_EQ(plan.full_reason, "it has no column updated_at");

  table = orders();
  table.columns[2].type.kind = TypeKind::kText;
  TableState text_state;
  plan = plan_table(table, text_state, kOptions, {});
  EXPECT_EQ(plan.mode, SyncMode::kFull);
  EXPECT_EQ(plan.full_reason, "its updated_at is text, not timestamp");

  table = orders();
  table.columns[2].kind = ColumnKind::kStatic;
  TableState static_state;
  EXPECT_EQ(plan_table(table, static_state, kOptions, {}).mode, SyncMode::kFull);
}

TEST(TablePlanning, ATableMadeAnewOrWithAnotherKeyIsReadFromTheBeginning) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000, 1});
  complete_run(state);
  TableState other_key_state = state;

  Table table = orders();
  table.id = "id-2";
  EXPECT_EQ(plan_table(table, state, kOptions, {2'000, 2}).run, RunKind::kFirst);

  table = orders();
  table.primary_key_count = 2;
  EXPECT_EQ(plan_table(table, other_key_state, kOptions, {2'000, 2}).run, RunKind::kFirst);
}

TEST(TablePlanning, NewColumnsKeepTheCursorButBeginTheRunUnderWayAnew) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000'000, 1});
  complete_run(state);
  plan_table(orders(), state, kOptions, {2'000'000, 2});
  state.run->done = {{0, 5}};
  Table wider = orders();
  wider.columns.push_back({"zone", {TypeKind::kInt, {}, "", {}, 0}, ColumnKind::kRegular});
  const TablePlan plan = plan_table(wider, state, kOptions, {3'000'000, 3});
  EXPECT_EQ(plan.run, RunKind::kIncremental);
  EXPECT_EQ(plan.cursor_after_ms, 699'999);
  EXPECT_TRUE(state.run->done.empty());
}

TEST(TablePlanning, AColumnThatWasDroppedAndReturnsBeginsTheTableAnew) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000, 1});
  complete_run(state);
  Table narrower = orders();
  narrower.columns.erase(narrower.columns.begin() + 1);
  EXPECT_EQ(plan_table(narrower, state, kOptions, {2'000, 2}).run, RunKind::kIncremental);
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {3'000, 3}).run, RunKind::kFirst);
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {4'000, 4}).run, RunKind::kIncremental);
}

TEST(TablePlanning, AnotherCursorColumnBeginsTheTableAnew) {
  Table table = orders();
  table.columns.push_back(
      {"modified_at", {TypeKind::kTimestamp, {}, "", {}, 0}, ColumnKind::kRegular});
  TableState state;
  plan_table(table, state, kOptions, {1'000, 1});
  complete_run(state);
  EXPECT_EQ(
      plan_table(table, state, PlanningOptions{.cursor_column = "modified_at"}, {2'000, 2}).run,
      RunKind::kFirst);
}

TEST(TablePlanning, AModeThatChangesDropsTheCursor) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000, 1});
  complete_run(state);
  Table table = orders();
  table.columns.pop_back();
  EXPECT_EQ(plan_table(table, state, kOptions, {2'000, 2}).run, RunKind::kFull);
  complete_run(state);
  EXPECT_FALSE(state.cursor_ms.has_value());
  EXPECT_EQ(plan_table(orders(), state, kOptions, {3'000, 3}).run, RunKind::kFirst);
}

std::vector<std::string> column_names(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

TEST(TablePlanning, AColumnThatIsLeftOutIsNeitherReadNorSent) {
  TableState state;
  const TablePlan plan = plan_table(orders(), state, kOptions, {1'000, 1}, {{"note"}, {}});
  EXPECT_EQ(column_names(plan.table), (std::vector<std::string>{"id", "updated_at"}));
  EXPECT_EQ(column_names(plan.table_read()), column_names(plan.table));
  EXPECT_EQ(plan.cursor_column, 1);
  EXPECT_EQ(state.columns, column_names(plan.table));
}

TEST(TablePlanning, ACursorColumnThatIsLeftOutIsReadBehindTheOthersAndNotSent) {
  Table table = orders();
  table.columns.push_back({"zone", {TypeKind::kInt, {}, "", {}, 0}, ColumnKind::kRegular});
  table.indexes = {{"by_time", "updated_at", IndexKind::kSai}};
  TableState state;
  const ColumnChoice choice{{"updated_at"}, {}};
  TablePlan plan = plan_table(table, state, kOptions, {1'000'000, 1}, choice);
  EXPECT_EQ(plan.mode, SyncMode::kTimestamp);
  EXPECT_EQ(column_names(plan.table), (std::vector<std::string>{"id", "note", "zone"}));
  EXPECT_EQ(column_names(plan.table_read()),
            (std::vector<std::string>{"id", "note", "zone", "updated_at"}));
  EXPECT_EQ(plan.cursor_column, 3);
  complete_run(state);
  plan = plan_table(table, state, kOptions, {2'000'000, 2}, choice);
  EXPECT_EQ(plan.run, RunKind::kIncremental);
  EXPECT_EQ(plan.cursor_index, "by_time");
}

TEST(TablePlanning, StaticColumnsThatAreLeftOutStillMakePartitionsWithoutRows) {
  Table table = orders();
  table.columns[1].kind = ColumnKind::kStatic;
  TableState state;
  EXPECT_TRUE(plan_table(table, state, kOptions, {}, {{"note"}, {}}).has_static_columns);
  EXPECT_FALSE(plan_table(orders(), state, kOptions, {}).has_static_columns);
}

TEST(TablePlanning, AColumnLeftOutFromTheFirstSyncOnBeginsTheTableAnewOnceItIsIncluded) {
  TableState state;
  const ColumnChoice choice{{"note"}, {}};
  plan_table(orders(), state, kOptions, {1'000'000, 1}, choice);
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {2'000'000, 2}, choice).run,
            RunKind::kIncremental);
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {3'000'000, 3}).run, RunKind::kFirst);
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {4'000'000, 4}).run, RunKind::kIncremental);
}

TEST(TablePlanning, AColumnLeftOutLaterBeginsTheTableAnewOnlyWhenItIsIncludedAgain) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000'000, 1});
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {2'000'000, 2}, {{"note"}, {}}).run,
            RunKind::kIncremental);
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {3'000'000, 3}).run, RunKind::kFirst);
}

TEST(TablePlanning, AColumnThatIsNewAtTheSourceAndLeftOutAtFirstBeginsTheTableAnewWhenIncluded) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000'000, 1});
  complete_run(state);
  Table wider = orders();
  wider.columns.push_back({"zone", {TypeKind::kInt, {}, "", {}, 0}, ColumnKind::kRegular});
  EXPECT_EQ(plan_table(wider, state, kOptions, {2'000'000, 2}, {{"zone"}, {}}).run,
            RunKind::kIncremental);
  complete_run(state);
  EXPECT_EQ(plan_table(wider, state, kOptions, {3'000'000, 3}).run, RunKind::kFirst);
}

TEST(TablePlanning, AReadBegunAnewForAColumnGoesOnAfterAnInterruption) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000'000, 1}, {{"note"}, {}});
  complete_run(state);
  plan_table(orders(), state, kOptions, {2'000'000, 2});
  state.run->done = {{0, 5}};
  EXPECT_EQ(plan_table(orders(), state, kOptions, {3'000'000, 3}).run, RunKind::kFirst);
  EXPECT_EQ(state.run->done.size(), 1U);
}

TEST(TablePlanning, AnotherTypeAtTheDestinationBeginsTheTableAnew) {
  const ColumnChoice as_double{{}, {{"total", "DOUBLE"}}};
  const ColumnChoice as_decimal{{}, {{"total", "DECIMAL(10,2)"}}};
  TableState state;
  plan_table(orders(), state, kOptions, {1'000'000, 1}, as_double);
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {2'000'000, 2}, as_double).run,
            RunKind::kIncremental);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {2'000'000, 2}, as_decimal).run, RunKind::kFirst);
  complete_run(state);
  EXPECT_EQ(plan_table(orders(), state, kOptions, {3'000'000, 3}, as_decimal).run,
            RunKind::kIncremental);
}

TEST(TablePlanning, TypesThatAStateDoesNotTellOfAreNotCompared) {
  TableState state;
  plan_table(orders(), state, kOptions, {1'000'000, 1});  // a state from before there were types
  complete_run(state);
  const ColumnChoice typed{{}, {{"total", "DOUBLE"}}};
  EXPECT_EQ(plan_table(orders(), state, kOptions, {2'000'000, 2}, typed).run,
            RunKind::kIncremental);
  complete_run(state);
  // Another front door, which says nothing of types, keeps what is known.
  plan_table(orders(), state, kOptions, {3'000'000, 3});
  EXPECT_EQ(state.column_types, typed.types);
  // A column that is new has nothing to be compared with.
  complete_run(state);
  const ColumnChoice wider{{}, {{"total", "DOUBLE"}, {"tax", "DOUBLE"}}};
  EXPECT_EQ(plan_table(orders(), state, kOptions, {4'000'000, 4}, wider).run,
            RunKind::kIncremental);
}

}  // namespace
}  // namespace ringsync
