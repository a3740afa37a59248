// What SQLite alone has to keep where a column becomes wider: a new table takes the old one's
// place, and what its owner has added to that must be there as it was.
#include "fixture.h"
#include "sink/adbc/sqlite_definition.h"

namespace ringsync {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class SqliteWidening : public ConformanceTest {
 protected:
  static TablePlan plan_with(TypeKind kind) { return plan_of("t", {{"id", kind}, {"v", kind}}); }
  /// Both columns become text, and one row comes.
  void widen() {
    PageBuilder page(2);
    page.bytes("2").bytes("words");
    run(plan_with(TypeKind::kText), page);
  }
  std::vector<std::string> definitions() {
    return query("SELECT sql FROM sqlite_schema WHERE name LIKE 'mine%' ORDER BY name");
  }
};
INSTANTIATE_TEST_SUITE_P(On, SqliteWidening, testing::Values(DatabaseKind::kSqlite),
                         parameter_name);

TEST_P(SqliteWidening, IndexesTriggersAndViewsOfTheOwnersStayAndWork) {
  PageBuilder page(2);
  page.number(int32_t{1}).number(int32_t{-5});
  run(plan_with(TypeKind::kInt), page);
  own({"CREATE TABLE mine_log (line TEXT)",
       "CREATE INDEX \"mine, an index\" ON t (v COLLATE NOCASE, lower(id)) WHERE v IS NOT NULL",
       "CREATE TRIGGER mine_trigger AFTER INSERT ON t WHEN new.v <> 'no' BEGIN INSERT INTO "
       "mine_log "
       "VALUES (new.id || ' ' || new.v); END",
       "CREATE VIEW mine_view AS SELECT id, v FROM t WHERE v IS NOT NULL",
       "CREATE VIEW mine_view_of_it AS SELECT count(*) AS n FROM mine_view",
       "CREATE TRIGGER mine_view_trigger INSTEAD OF DELETE ON mine_view BEGIN DELETE FROM t WHERE "
       "id = old.id; END"});
  const auto before = definitions();
  ASSERT_EQ(before.size(), 6U);
  widen();
  EXPECT_EQ(definitions(), before);
  EXPECT_THAT(query("SELECT line FROM mine_log"), ElementsAre("2 words"));  // not of the old row
  EXPECT_THAT(query("SELECT n FROM mine_view_of_it"), ElementsAre("2"));
  EXPECT_THAT(query("SELECT id, v, typeof(id), typeof(v) FROM mine_view ORDER BY id"),
              ElementsAre("1|-5|text|text", "2|words|text|text"));
  EXPECT_THAT(query("PRAGMA integrity_check"), ElementsAre("ok"));
}

TEST_P(SqliteWidening, ATableOfTheOwnersMakingKeepsAllOfItsDefinition) {
  own(
      {"CREATE TABLE t ([v] INTEGER /* v INTEGER, ( CHECK ( */ DEFAULT ')', -- id INTEGER\n"
       "\"mine\" TEXT NOT NULL DEFAULT 'id INTEGER' COLLATE NOCASE, 'id' `INTEGER` NOT NULL,\n"
       "CONSTRAINT id PRIMARY KEY (id)) WITHOUT ROWID",
       "INSERT INTO t (id, v) VALUES (1, -5)"});
  widen();
  EXPECT_THAT(rows("t", {"id", "v", "mine"}), ElementsAre("1|-5|id INTEGER", "2|words|id INTEGER"));
  EXPECT_THAT(
      query("SELECT sql FROM sqlite_schema WHERE name = 't'"),
      ElementsAre(AllOf(
          HasSubstr(
              "([v] TEXT /* v INTEGER, ( CHECK ( */ DEFAULT ')', -- id INTEGER\n\"mine\" TEXT NOT "
              "NULL DEFAULT 'id INTEGER' COLLATE NOCASE, 'id' TEXT NOT NULL, "),
          HasSubstr(",\nCONSTRAINT id PRIMARY KEY (id)) WITHOUT ROWID"))));
  EXPECT_THAT(query("SELECT strict, wr FROM pragma_table_list('t')"), ElementsAre("0|1"));
}

TEST_P(SqliteWidening, WhatForbidsTheNewTypeIsToldAndNothingChanges) {
  own({"CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v INTEGER)",
       "INSERT INTO t VALUES (1, -5)"});
  auto sink = open_sink();
  const Error error = table_error(*sink, plan_with(TypeKind::kText));
  EXPECT_EQ(error.code, ErrorCode::kDestination);
  EXPECT_THAT(error.message, HasSubstr("AUTOINCREMENT"));
  must(sink->open_table(plan_of("fine", {{"id", TypeKind::kInt}})));
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows("t", {"id", "v"}), ElementsAre("1|-5"));
}

TEST(SqliteDefinitions, HaveACheckWhereTheWordIsOne) {
  EXPECT_TRUE(has_check("CREATE TABLE t (v INTEGER cHeCk /* so */ (v > 0))"));
  for (const char* text :
       {"", "CREATE TABLE t (\"check\" INTEGER, 'check' (v))",
        "CREATE TABLE t (v DEFAULT 'check (')", "CREATE TABLE t (v INTEGER -- CHECK (v)\n)",
        "CREATE TABLE checks (v)", "CREATE TABLE t (check"}) {
    EXPECT_FALSE(has_check(text)) << text;
  }
}

TEST(SqliteDefinitions, ThatAreNotUnderstoodGiveNothing) {
  const std::vector<TypeChange> changes = {{"v", "INTEGER", "TEXT"}};
  for (const char* text :
       {"", "CREATE", "CREATE TABLE t", "CREATE VIRTUAL TABLE t USING fts5(v INTEGER)",
        "CREATE TABLE t (v BIGINT)", "CREATE TABLE t (w INTEGER)", "CREATE TABLE t (v INTEGER",
        "CREATE TABLE t (\"v INTEGER)", "CREATE TABLE t (/* v INTEGER)",
        "CREATE TABLE t (w TEXT CHECK (v INTEGER))"}) {
    EXPECT_EQ(columns_with_types(text, changes), std::nullopt) << text;
  }
  EXPECT_EQ(columns_with_types(R"(CREATE TABLE "a(b" ("v""" INT, "V" integer) STRICT)", changes),
            R"(("v""" INT, "V" TEXT) STRICT)");
}

}  // namespace
}  // namespace ringsync
