// What the DuckDB sink does where the destination is in the way: names of keyspaces, views and
// constraints that its owner added, a file that is taken away, errors that quote rows.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "duckdb_fixture.h"
#include "sink/adbc/slice_stream.h"

namespace ringsync {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class DuckDbConflicts : public DuckDbTest {
 protected:
  TablePlan plan_ = plan_of("t", {{"id", TypeKind::kInt}, {"name", TypeKind::kText}});

  void run(const std::vector<std::pair<int32_t, std::string>>& cells, bool may_repeat = false) {
    plan_.table.keyspace = options_.keyspace;
    auto sink = open_sink();
    must(sink->open_table(plan_));
    PageBuilder page(2);
    for (const auto& [id, name] : cells) page.number(id).bytes(name);
    deliver_page(*sink, plan_, page, may_repeat);
    commit(*sink);
  }
  Error loading_error() {
    const auto loaded = must(open_adbc_sink(options_))->load_state();
    EXPECT_FALSE(loaded.ok());
    return loaded.ok() ? Error{} : loaded.error();
  }
  /// The error of opening ks.t where `sql` has been run; another table must go on.
  Error table_error_after(const std::vector<std::string>& sql) {
    {
      const auto owner = client();
      for (const std::string& statement : sql) must(owner->exec(statement));
    }
    auto sink = open_sink();
    const auto opened = sink->open_table(plan_);
    EXPECT_FALSE(opened.ok());
    must(sink->open_table(plan_of("fine", {{"id", TypeKind::kInt}})));
    commit(*sink);
    return opened.ok() ? Error{} : opened.error();
  }
};

TEST_F(DuckDbConflicts, KeyspacesThatDifferInCaseDoNotShareAFile) {
  options_.keyspace = "brk_case";
  run({{1, "a"}});
  options_.keyspace = "Brk_Case";
  const Error error = loading_error();
  EXPECT_EQ(error.code, ErrorCode::kNameCollision);
  EXPECT_THAT(error.message, AllOf(HasSubstr("\"brk_case\""), HasSubstr("\"Brk_Case\""),
                                   HasSubstr("write to another destination")));
}

TEST_F(DuckDbConflicts, ASchemaSpeltOtherwiseIsNotWrittenTo) {
  must(client()->exec("CREATE SCHEMA \"KS\""));
  const Error error = loading_error();
  EXPECT_EQ(error.code, ErrorCode::kNameCollision);
  EXPECT_THAT(error.message, AllOf(HasSubstr("\"ks\""), HasSubstr("schema \"KS\"")));
}

TEST_F(DuckDbConflicts, KeyspacesNamedLikeDuckDbsOwnSchemasAreRefused) {
  for (const char* name : {"_ringsync", "_RingSync", "pg_catalog", "Information_Schema"}) {
    options_.keyspace = name;
    const Error error = loading_error();
    EXPECT_EQ(error.code, ErrorCode::kNameCollision);
    EXPECT_THAT(error.message, HasSubstr(name));
  }
}

TEST_F(DuckDbConflicts, KeyspacesNamedLikeDuckDbsDatabasesAreWritten) {
  for (const std::string name : {"temp", "system", "main", "memory", "ks"}) {
    options_.keyspace = name;
    run({{1, "a"}, {2, "b"}});
    run({{1, "A"}, {1, "AA"}}, true);
    EXPECT_THAT(rows("SELECT id::VARCHAR, name FROM ks.\"" + name + "\".t ORDER BY id"),
                ElementsAre("1|AA", "2|b"));
  }
}

TEST_F(DuckDbConflicts, ErrorsThatMayQuoteValuesKeepTheirKindOnly) {
  const auto database = client();
  must(database->exec("CREATE TABLE s (v VARCHAR PRIMARY KEY, n INTEGER CHECK (n > 0))"));
  must(database->exec("INSERT INTO s VALUES ('SECRETROW5', 1)"));
  for (const char* sql : {"INSERT INTO s VALUES ('SECRETROW5', 1)",
                          "INSERT INTO s VALUES ('x', -7)", "SELECT 'SECRETROW5'::INTEGER",
                          "SELECT error('SECRETROW5')", "SELECT 'a' || CAST('SECRETROW5' AS DATE)",
                          "SELEC 'SECRETROW5'", "SELECT 1 'SECRETROW5' 'SECRETROW5'"}) {
    const Status failed = database->exec(sql);
    ASSERT_FALSE(failed.ok()) << sql;
    EXPECT_THAT(failed.error().message,
                AllOf(Not(HasSubstr("SECRET")), HasSubstr("Error"), HasSubstr("details left out")));
  }
  EXPECT_THAT(database->exec("SELECT * FROM no_such_table").error().message,
              AllOf(HasSubstr("Catalog Error"), HasSubstr("no_such_table")));
}

TEST_F(DuckDbConflicts, ACommitThatCannotBeWrittenNamesItsReasonOnly) {
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder page(2);
  page.number(int32_t{1}).bytes("SECRETROW5");
  deliver_page(*sink, plan_, page);
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit ordinary{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &ordinary), 0);
  const rlimit nothing{0, ordinary.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &nothing), 0);
  const auto refused = checkpoint(*sink, CheckpointUrgency::kDurable);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &ordinary), 0);
  std::signal(SIGXFSZ, before);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kDestination);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr(options_.location), HasSubstr("File too large"),
                    Not(HasSubstr("rolling back")), Not(HasSubstr("SECRET"))));
}

TEST_F(DuckDbConflicts, RowsThatTheDatabaseDoesNotTakeAreNoticedAtOnce) {
  const auto database = client();
  must(database->begin_transactions());
  must(database->exec("CREATE TABLE ks.main.c (n INTEGER CHECK (n > 5))"));
  ArrowColumn column;
  column.values = ColumnBuffer(sizeof(int32_t));
  column.values.as<int32_t>()[0] = 1;
  std::vector<ArrowColumn> added;
  added.push_back(std::move(column));
  auto page = std::make_shared<const ArrowPage>(1, std::vector<ArrowColumn>{});
  ArrowArrayStream stream{};
  make_slice_stream({{"n", ArrowKind::kInt32}},
                    {{page, 0, 1, Operation::kUpsert,
                      std::make_shared<const std::vector<ArrowColumn>>(std::move(added))}},
                    &stream);
  EXPECT_FALSE(database->ingest(&stream, {"ks", "main", "c", false}, 1).ok());
}

TEST_F(DuckDbConflicts, AViewOfATablesNameFailsThatTableOnly) {
  const Error error =
      table_error_after({"CREATE SCHEMA ks", "CREATE VIEW ks.ks.T AS SELECT 1 AS id, 'a' AS name"});
  EXPECT_EQ(error.code, ErrorCode::kDestinationTable);
  EXPECT_THAT(error.message, AllOf(HasSubstr(R"("ks"."t")"), HasSubstr("a view of this name")));
}

TEST_F(DuckDbConflicts, ConstraintsThatKeepRowsOutFailTheirTableOnly) {
  const std::vector<std::pair<std::string, std::string>> tables = {
      {"id INTEGER, name VARCHAR NOT NULL", "NOT NULL constraint on column \"name\""},
      {"id INTEGER, name VARCHAR, extra INTEGER NOT NULL", "column \"extra\""},
      {"id INTEGER, name VARCHAR CHECK (name <> '')", "CHECK constraint on \"name\""},
      {"id INTEGER, name VARCHAR UNIQUE", "UNIQUE constraint"},
      {"id INTEGER REFERENCES ks.other(k), name VARCHAR", "FOREIGN KEY constraint on \"id\""},
      {"id INTEGER, name VARCHAR, UNIQUE (id, name)", "on other columns"},
      {"id INTEGER, name VARCHAR, g INTEGER GENERATED ALWAYS AS (id + 1)", "GENERATED column"},
  };
  for (const auto& [columns, expected] : tables) {
    const Error error = table_error_after(
        {"CREATE SCHEMA IF NOT EXISTS ks",
         "CREATE TABLE IF NOT EXISTS ks.ks.other (k INTEGER PRIMARY KEY)",
         "DROP TABLE IF EXISTS ks.ks.t", "CREATE TABLE ks.ks.t (" + columns + ")"});
    EXPECT_EQ(error.code, ErrorCode::kDestinationTable);
    EXPECT_THAT(error.message, AllOf(HasSubstr(R"("ks"."t")"), HasSubstr(expected)));
  }
}

TEST_F(DuckDbConflicts, UniqueIndexesAndReferencesToATableFailItOnly) {
  EXPECT_THAT(table_error_after({"CREATE SCHEMA ks",
                                 "CREATE TABLE ks.ks.t (id INTEGER PRIMARY KEY, name VARCHAR)",
                                 "CREATE UNIQUE INDEX one ON ks.ks.t (name)"})
                  .message,
              HasSubstr("UNIQUE INDEX one"));
  EXPECT_THAT(table_error_after({"DROP INDEX ks.ks.one",
                                 "CREATE TABLE ks.ks.child (id INTEGER REFERENCES ks.t (id))"})
                  .message,
              HasSubstr("FOREIGN KEY of child"));
}

TEST_F(DuckDbConflicts, APrimaryKeyOnTheSourcesKeyAndDefaultsAreKept) {
  must(client()->exec("CREATE SCHEMA ks"));
  must(
      client()->exec("CREATE TABLE ks.ks.t (ID INTEGER PRIMARY KEY, name VARCHAR, "
                     "extra INTEGER NOT NULL DEFAULT 3)"));
  run({{1, "a"}, {2, "b"}});
  run({{2, "B"}, {3, "c"}});
  run({{2, "BB"}, {3, "cc"}, {2, "BBB"}}, true);
  EXPECT_THAT(rows("SELECT id::VARCHAR, name, extra::VARCHAR FROM ks.ks.t ORDER BY id"),
              ElementsAre("1|a|3", "2|BBB|3", "3|cc|3"));
}

TEST_F(DuckDbConflicts, AFileThatWasRemovedOrReplacedEndsTheSync) {
  for (const bool is_replaced : {false, true}) {
    auto sink = open_sink();
    commit(*sink);
    std::filesystem::remove(options_.location);
    if (is_replaced) std::ofstream(options_.location) << "other";
    const auto refused = checkpoint(*sink, CheckpointUrgency::kDurable);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kDestination);
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr(options_.location), HasSubstr("removed or replaced"),
                      Not(HasSubstr("rolling back"))));
    sink.reset();
    std::filesystem::remove(options_.location);
  }
}

}  // namespace
}  // namespace ringsync
