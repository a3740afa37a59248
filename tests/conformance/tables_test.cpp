// What every destination does with the shapes of tables: names, columns that come, go and change,
// primary keys, and what the destination's owner has made.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "fixture.h"

namespace ringsync {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Tables : public ConformanceTest {
 protected:
  /// A plan of t (id int primary key, v of this kind).
  static TablePlan plan_with(TypeKind kind) {
    return plan_of("t", {{"id", TypeKind::kInt}, {"v", kind}});
  }
  void put(const TablePlan& plan, int32_t id, const std::string& cell) {
    PageBuilder page(2);
    page.number(id).bytes(cell);
    run(plan, page);
  }
  void make_table(const std::string& columns) {
    own({destination_->make_keyspace_sql(),
         "CREATE TABLE " + destination_->table("t") + " (" + columns + ")"});
  }
};
RINGSYNC_ON_EVERY_DATABASE(Tables);

TEST_P(Tables, NamesAreKeptExactly) {
  const TablePlan plan = plan_of("Order", {{"select", TypeKind::kInt},
                                           {"ro\"w id", TypeKind::kText},
                                           {"rowid", TypeKind::kInt},
                                           {"ctid_", TypeKind::kInt},
                                           {"Ünï", TypeKind::kInt}});
  for (const int32_t version : {1, 2}) {
    auto sink = open_sink();
    must(sink->open_table(plan));
    PageBuilder page(5);
    for (const char* text : {"x", "y"}) {
      page.number(int32_t{5}).bytes(text).number(version).number(int32_t{8}).number(int32_t{9});
    }
    deliver_page(*sink, plan, page, true);
    commit(*sink);
  }
  EXPECT_THAT(rows("Order", {"\"select\"", "\"ro\"\"w id\"", "\"rowid\"", "ctid_", "\"Ünï\""}),
              ElementsAre("5|y|2|8|9"));
}

TEST_P(Tables, NewColumnsAreAddedAndNullInOldRows) {
  put(plan_with(TypeKind::kText), 1, "a");
  const TablePlan wider =
      plan_of("t", {{"id", TypeKind::kInt}, {"added", TypeKind::kBigint}, {"v", TypeKind::kText}});
  PageBuilder page(3);
  page.number(int32_t{2}).number(int64_t{7}).bytes("b");
  run(wider, page);
  EXPECT_THAT(rows("t", {"id", "v", "added"}), ElementsAre("1|a|~", "2|b|7"));
}

TEST_P(Tables, ColumnsThatTheSourceDropsStayAndKeepTheirValues) {
  const TablePlan wide =
      plan_of("t", {{"id", TypeKind::kInt}, {"old", TypeKind::kText}, {"v", TypeKind::kText}});
  PageBuilder page(3);
  page.number(int32_t{1}).bytes("kept").bytes("a");
  run(wide, page);
  put(plan_with(TypeKind::kText), 1, "b");
  put(plan_with(TypeKind::kText), 2, "c");
  EXPECT_THAT(rows("t", {"id", "v", "old"}), ElementsAre("1|b|kept", "2|c|~"));
}

TEST_P(Tables, ColumnsOfTheDestinationsOwnerKeepTheirValues) {
  put(plan_with(TypeKind::kText), 1, "a");
  own({"ALTER TABLE " + destination_->table("t") + " ADD COLUMN mine TEXT DEFAULT 'new'",
       "UPDATE " + destination_->table("t") + " SET mine = 'edited'"});
  put(plan_with(TypeKind::kText), 1, "A");
  put(plan_with(TypeKind::kText), 2, "b");
  EXPECT_THAT(rows("t", {"id", "v", "mine"}), ElementsAre("1|A|edited", "2|b|new"));
}

TEST_P(Tables, AnIntegerColumnBecomesWider) {
  put(plan_with(TypeKind::kInt), 1, wire(int32_t{-5}));
  put(plan_with(TypeKind::kBigint), 2, wire(INT64_MAX));
  EXPECT_THAT(rows("t", {"id", "v"}), ElementsAre("1|-5", "2|9223372036854775807"));
  put(plan_with(TypeKind::kSmallint), 3, wire(int16_t{3}));
  EXPECT_THAT(rows("t", {"id", "v"}), ElementsAre("1|-5", "2|9223372036854775807", "3|3"));
}

TEST_P(Tables, AFloatBecomesADouble) {
  put(plan_with(TypeKind::kFloat), 1, wire(1.5F));
  put(plan_with(TypeKind::kDouble), 2, wire(5e-324));
  EXPECT_THAT(rows("t", {"v"}),
              testing::UnorderedElementsAre(HasSubstr("1.5"), HasSubstr("e-324")));
}

struct Widening {
  TypeKind from;
  std::vector<std::string> cells;
  std::vector<std::string> texts;  // in every database
};

const std::vector<Widening> kTextWidenings = {
    {TypeKind::kTinyint, {wire(int8_t{-128})}, {"-128"}},
    {TypeKind::kSmallint, {wire(int16_t{7})}, {"7"}},
    {TypeKind::kInt, {wire(INT32_MIN)}, {"-2147483648"}},
    {TypeKind::kBigint,
     {wire(INT64_MIN), wire(INT64_MAX)},
     {"-9223372036854775808", "9223372036854775807"}},
    {TypeKind::kBoolean, {std::string(1, '\0'), "\x01"}, {"false", "true"}},
    {TypeKind::kUuid, {std::string(16, '\x11')}, {"11111111-1111-1111-1111-111111111111"}},
    {TypeKind::kDate, {wire(uint32_t{0x80000000})}, {"1970-01-01"}},
};

TEST_P(Tables, ColumnsOfExactTypesBecomeTextThatIsTheSameEverywhere) {
  const TablePlan text = plan_with(TypeKind::kText);
  for (const auto& [from, cells, texts] : kTextWidenings) {
    std::vector<std::string> expected;
    int32_t id = 0;
    const auto put_all = [&] {
      for (size_t i = 0; i < cells.size(); ++i) {
        put(plan_with(from), ++id, cells[i]);
        expected.push_back(fmt::format("{}|{}", id, texts[i]));
      }
    };
    put_all();
    put(plan_with(from), ++id, "");  // no value: an empty one of these types
    expected.push_back(fmt::format("{}|~", id));
    put(text, ++id, "007");
    expected.push_back(fmt::format("{}|007", id));
    EXPECT_EQ(rows("t", {"id", "v"}), expected);
    const std::string types = column_types("t");
    put_all();  // of the narrower type again
    EXPECT_EQ(rows("t", {"id", "v"}), expected);
    EXPECT_EQ(column_types("t"), types);
    own({"DROP TABLE " + destination_->table("t")});
  }
}

TEST_P(Tables, AnIntegerColumnBecomesAFloatingOneWhereNothingIsLost) {
  put(plan_with(TypeKind::kInt), 1, wire(int32_t{-5}));
  put(plan_with(TypeKind::kDouble), 2, wire(0.5));
  put(plan_with(TypeKind::kInt), 3, wire(int32_t{7}));
  EXPECT_EQ(query("SELECT CAST(v * 2 AS INTEGER), CAST(v / 2 * 4 AS INTEGER) FROM " +
                  destination_->table("t") + " ORDER BY id"),
            (std::vector<std::string>{"-10|-10", "1|1", "14|14"}));
  own({"DROP TABLE " + destination_->table("t")});
  put(plan_with(TypeKind::kBigint), 1, wire((int64_t{1} << 53) + 1));
  const Error error = table_error(*open_sink(), plan_with(TypeKind::kDouble));
  EXPECT_EQ(error.code, ErrorCode::kDestinationTable);
  EXPECT_THAT(error.message, AllOf(HasSubstr("column \"v\""), HasSubstr("without loss")));
  EXPECT_THAT(rows("t", {"id", "v"}), ElementsAre("1|9007199254740993"));
}

TEST_P(Tables, KeysBecomeWiderAndStayKeys) {
  const auto plan = [](TypeKind key) {
    return plan_of("my \"t\"", {{"a\"b", key}, {"Select", key}, {"v", TypeKind::kInt}}, 2);
  };
  PageBuilder numbers(3);
  numbers.number(int32_t{1}).number(int32_t{2}).number(int32_t{3});
  run(plan(TypeKind::kInt), numbers);
  for (const int32_t value : {4, 5}) {
    PageBuilder texts(3);
    texts.bytes("1").bytes("2").number(value).bytes("1").bytes("x").number(value);
    run(plan(TypeKind::kText), texts);
  }
  EXPECT_THAT(rows("my \"t\"", {"\"Select\"", "\"a\"\"b\"", "v"}), ElementsAre("2|1|5", "x|1|5"));
  PageBuilder other(3);
  other.number(int32_t{1});
  EXPECT_EQ(table_error(*open_sink(), plan_of("my \"t\"", {{"a\"b", TypeKind::kText}})).code,
            ErrorCode::kKeyChanged);
}

TEST_P(Tables, SeveralColumnsBecomeWiderWhileOthersComeAndGo) {
  const auto int_and = [](TypeKind kind, const std::string& more, TypeKind of_more) {
    return plan_of("t", {{"id", TypeKind::kInt}, {"a", kind}, {more, of_more}, {"z", kind}});
  };
  PageBuilder before(4);
  before.number(int32_t{1}).number(int32_t{2}).bytes("gone").number(int32_t{3});
  run(int_and(TypeKind::kInt, "old", TypeKind::kText), before);
  own({"ALTER TABLE " + destination_->table("t") + " ADD COLUMN mine TEXT DEFAULT 'it''s, ('",
       "UPDATE " + destination_->table("t") + " SET mine = 'edited'"});
  PageBuilder after(4);
  after.number(int32_t{2}).bytes("x").number(int64_t{9}).bytes("y");
  run(int_and(TypeKind::kText, "added", TypeKind::kBigint), after);
  EXPECT_THAT(rows("t", {"id", "a", "old", "z", "mine", "added"}),
              ElementsAre("1|2|gone|3|edited|~", "2|x|~|y|it's, (|9"));
}

TEST_P(Tables, ACommitThatNeverCameLeavesTheNarrowerTableWhole) {
  put(plan_with(TypeKind::kInt), 1, wire(int32_t{-5}));
  const std::string types = column_types("t");
  const auto die_in_the_middle = [this] {
    auto sink = open_sink();
    const TablePlan text = plan_with(TypeKind::kText);
    must(sink->open_table(text));
    PageBuilder page(2);
    page.number(int32_t{2}).bytes("words");
    deliver_page(*sink, text, page);
    kill(getpid(), SIGKILL);
  };
  EXPECT_EXIT(die_in_the_middle(), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(column_types("t"), types);
  EXPECT_THAT(rows("t", {"id", "v"}), ElementsAre("1|-5"));
  put(plan_with(TypeKind::kText), 2, "words");
  EXPECT_THAT(rows("t", {"id", "v"}), ElementsAre("1|-5", "2|words"));
}

TEST_P(Tables, WhatTheOwnerHasAddedStaysOrIsNamedAsInTheWay) {
  const std::string table = destination_->table("t");
  const std::vector<std::string> additions = {
      "CREATE INDEX mine ON " + destination_->indexed_table("t") + " (v)",
      "CREATE VIEW " + destination_->table("shown") + " AS SELECT id, v FROM " + table};
  for (const std::string& addition : additions) {
    put(plan_with(TypeKind::kInt), 1, wire(int32_t{-5}));
    own({addition});
    const bool is_view = addition == additions[1];
    const bool stays = is_view ? quirks_.widens_under_views : quirks_.widens_under_indexes;
    const TablePlan text = plan_with(TypeKind::kText);
    if (stays) {
      put(text, 2, "words");
      EXPECT_THAT(rows("t", {"id", "v"}), ElementsAre("1|-5", "2|words"));
      if (is_view) {
        EXPECT_THAT(rows("shown", {"id", "v"}), ElementsAre("1|-5", "2|words"));
      }
    } else {
      auto sink = open_sink();
      EXPECT_THAT(table_error(*sink, text).message,
                  AllOf(HasSubstr("table \"ks\".\"t\": column \"v\""),
                        HasSubstr("drop what is in the way, run again and make it anew")));
      // The others go on.
      const TablePlan fine = plan_of("fine", {{"id", TypeKind::kInt}});
      must(sink->open_table(fine));
      PageBuilder page(1);
      page.number(int32_t{7});
      deliver_page(*sink, fine, page);
      commit(*sink);
      sink.reset();
      EXPECT_THAT(rows("fine", {"id"}), ElementsAre("7"));
      EXPECT_THAT(rows("t", {"id", "v"}), ElementsAre("1|-5"));
    }
    // That it can be dropped shows that it is there.
    own({is_view ? "DROP VIEW " + destination_->table("shown")
                 : "DROP INDEX " + destination_->table("mine"),
         "DROP TABLE " + table});
  }
}

TEST_P(Tables, OfSeveralColumnsTheOneIsNamedThatSomethingIsInTheWayOf) {
  const auto plan_of_two = [](TypeKind kind) {
    return plan_of("t", {{"id", TypeKind::kInt}, {"a", kind}, {"v", kind}});
  };
  PageBuilder numbers(3);
  numbers.number(int32_t{1}).number(int32_t{-4}).number(int32_t{-5});
  run(plan_of_two(TypeKind::kInt), numbers);
  own({"CREATE VIEW " + destination_->table("shown") + " AS SELECT v FROM " +
       destination_->table("t")});
  auto sink = open_sink();
  const auto opened = sink->open_table(plan_of_two(TypeKind::kText));
  ASSERT_EQ(opened.ok(), quirks_.widens_under_views);
  if (!opened.ok()) {
    EXPECT_THAT(opened.error().message, AllOf(HasSubstr("column \"v\""), HasSubstr("shown")));
  }
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows("t", {"id", "a", "v"}), ElementsAre("1|-4|-5"));
}

TEST_P(Tables, ATypeThatWouldLoseValuesIsRefused) {
  put(plan_with(TypeKind::kText), 1, "no number");
  auto sink = open_sink();
  const Error error = table_error(*sink, plan_with(TypeKind::kBlob));
  EXPECT_EQ(error.code, ErrorCode::kDestinationTable);
  EXPECT_THAT(error.message, AllOf(HasSubstr("column \"v\""), HasSubstr("without loss"),
                                   HasSubstr("rename or drop")));
  must(sink->open_table(plan_of("fine", {{"id", TypeKind::kInt}})));
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows("t", {"v"}), ElementsAre("no number"));
}

TEST_P(Tables, AChangedPrimaryKeyStopsTheTableWithInstructions) {
  const std::vector<std::pair<std::string, TypeKind>> columns = {
      {"a", TypeKind::kInt}, {"b", TypeKind::kInt}, {"v", TypeKind::kInt}};
  PageBuilder page(3);
  for (const int32_t b : {1, 2}) page.number(int32_t{1}).number(b).number(b);
  run(plan_of("t", columns, 2), page);
  auto sink = open_sink();
  const Error error = table_error(*sink, plan_of("t", columns, 1));
  EXPECT_EQ(error.code, ErrorCode::kKeyChanged);
  EXPECT_THAT(error.message, AllOf(HasSubstr(R"("ks"."t")"), HasSubstr(R"(("a", "b"))"),
                                   HasSubstr(R"(primary key is ("a"))"),
                                   HasSubstr("rename or drop the destination's table")));
  must(sink->open_table(plan_of("fine", {{"id", TypeKind::kInt}})));
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows("t", {"b"}), ElementsAre("1", "2"));
  own({"DROP TABLE " + destination_->table("t")});
  PageBuilder again(3);
  again.number(int32_t{1}).number(int32_t{2}).number(int32_t{3});
  run(plan_of("t", columns, 1), again);
  EXPECT_THAT(rows("t", {"a", "b", "v"}), ElementsAre("1|2|3"));
}

TEST_P(Tables, ReservedAndCollidingColumnNamesFailTheirTableOnly) {
  auto sink = open_sink();
  const Error reserved = table_error(
      *sink, plan_of("t", {{"id", TypeKind::kInt}, {"_fivetran_synced", TypeKind::kText}}));
  EXPECT_EQ(reserved.code, ErrorCode::kNameCollision);
  EXPECT_THAT(reserved.message, AllOf(HasSubstr(R"("ks"."t")"), HasSubstr("_fivetran_synced"),
                                      HasSubstr("exclude_tables")));
  const TablePlan cases =
      plan_of("t", {{"id", TypeKind::kInt}, {"a", TypeKind::kText}, {"A", TypeKind::kInt}});
  const auto opened = sink->open_table(cases);
  ASSERT_EQ(opened.ok(), quirks_.tells_case_apart);
  if (!opened.ok()) {
    EXPECT_THAT(opened.error().message, AllOf(HasSubstr("\"a\""), HasSubstr("\"A\"")));
  }
  must(sink->open_table(plan_of("fine", {{"id", TypeKind::kInt}})));
  commit(*sink);
}

TEST_P(Tables, ThatDifferOnlyInCaseAreTwoOrFailTheSecond) {
  auto sink = open_sink();
  must(sink->open_table(plan_of("Flights", {{"id", TypeKind::kInt}})));
  const auto second = sink->open_table(plan_of("flights", {{"id", TypeKind::kInt}}));
  ASSERT_EQ(second.ok(), quirks_.tells_case_apart);
  if (!second.ok()) {
    EXPECT_EQ(second.error().code, ErrorCode::kNameCollision);
    EXPECT_THAT(second.error().message, AllOf(HasSubstr("\"flights\""), HasSubstr("\"Flights\"")));
  }
  commit(*sink);
}

TEST_P(Tables, NamesThatAreTooLongFailBeforeAnyRowWhereThereIsALimit) {
  const std::string name(48, 'n');  // the longest that Cassandra has for tables
  const std::string longest(64, 'c');
  auto sink = open_sink();
  must(sink->open_table(plan_of(name, {{"id", TypeKind::kInt}})));
  for (const std::string& column : {longest, std::string(32, 'c') + std::string(32, 'd')}) {
    const auto opened = sink->open_table(
        plan_of("t" + column.substr(30, 4), {{"id", TypeKind::kInt}, {column, TypeKind::kInt}}));
    ASSERT_EQ(opened.ok(), quirks_.name_bytes_max == 0);
    if (opened.ok()) continue;
    EXPECT_EQ(opened.error().code, ErrorCode::kNameCollision);
    EXPECT_THAT(opened.error().message,
                AllOf(HasSubstr(column), HasSubstr("64 bytes"), HasSubstr("63 of a name")));
  }
  commit(*sink);
}

TEST_P(Tables, OfTheOwnersMakingTakeRowsByColumnName) {
  make_table("name TEXT, id INTEGER PRIMARY KEY, extra INTEGER NOT NULL DEFAULT 3");
  const TablePlan plan = plan_of("t", {{"id", TypeKind::kInt}, {"name", TypeKind::kText}});
  PageBuilder first = names_page({{1, "a"}, {2, "b"}});
  run(plan, first);
  PageBuilder second = names_page({{2, "B"}, {3, "c"}});
  run(plan, second);
  EXPECT_THAT(rows("t", {"id", "name", "extra"}), ElementsAre("1|a|3", "2|B|3", "3|c|3"));
}

TEST_P(Tables, ConstraintsThatKeepRowsOutFailTheirTableOnly) {
  const std::vector<std::pair<std::string, std::string>> tables = {
      {"id INTEGER PRIMARY KEY, v TEXT NOT NULL", "NOT NULL constraint on column \"v\""},
      {"id INTEGER PRIMARY KEY, v TEXT, extra INTEGER NOT NULL", "column \"extra\""},
      {"id INTEGER PRIMARY KEY, v TEXT UNIQUE", "UNIQUE constraint"},
      {"id INTEGER PRIMARY KEY, v TEXT, UNIQUE (id, v)", "on other columns"},
      {"id INTEGER PRIMARY KEY, v TEXT CHECK (v <> 'check (')", "CHECK"},
  };
  own({destination_->make_keyspace_sql()});
  for (const auto& [columns, expected] : tables) {
    own({"DROP TABLE IF EXISTS " + destination_->table("t"),
         "CREATE TABLE " + destination_->table("t") + " (" + columns + ")"});
    auto sink = open_sink();
    const Error error = table_error(*sink, plan_with(TypeKind::kText));
    EXPECT_EQ(error.code, ErrorCode::kDestinationTable);
    EXPECT_THAT(error.message, AllOf(HasSubstr(R"("ks"."t")"), HasSubstr(expected)));
    must(sink->open_table(plan_of("fine", {{"id", TypeKind::kInt}})));
    commit(*sink);
  }
}

TEST_P(Tables, AViewOfATablesNameFailsThatTableOnly) {
  own({destination_->make_keyspace_sql(),
       "CREATE VIEW " + destination_->table("t") + " AS SELECT 1 AS id, 'a' AS v"});
  auto sink = open_sink();
  const Error error = table_error(*sink, plan_with(TypeKind::kText));
  EXPECT_EQ(error.code, ErrorCode::kDestinationTable);
  EXPECT_THAT(error.message, AllOf(HasSubstr(R"("ks"."t")"), HasSubstr("a view of this name")));
  must(sink->open_table(plan_of("fine", {{"id", TypeKind::kInt}})));
  commit(*sink);
}

}  // namespace
}  // namespace ringsync
