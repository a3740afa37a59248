// The SQL texts of the dialects: quoting, and what their meaning hangs on.
#include "sink/adbc/sql.h"

#include <gmock/gmock.h>

#include "sink/adbc/duckdb_dialect.h"

namespace ringsync {
namespace {

using testing::ElementsAre;

const TargetLayout kLayout{"ks",
                           "my \"t\"",
                           {{"a\"b", ArrowKind::kText, true},
                            {"c", ArrowKind::kUuid, true},
                            {"v", ArrowKind::kInt64, false}}};

TEST(Sql, LiteralsDoubleTheirQuotes) {
  EXPECT_EQ(literal("it's"), "'it''s'");
  EXPECT_EQ(literal("'; DROP TABLE x; --"), "'''; DROP TABLE x; --'");
}

TEST(Sql, InstantsKeepMicrosecondsOnBothSidesOfTheEpoch) {
  EXPECT_EQ(instant_text(0, ' '), "1970-01-01 00:00:00.000000");
  EXPECT_EQ(instant_text(1'700'000'000'000'001, 'T'), "2023-11-14T22:13:20.000001");
  EXPECT_EQ(instant_text(-1, ' '), "1969-12-31 23:59:59.999999");
}

TEST(DuckDbSql, TablesHaveQuotedNamesAndNoPrimaryKey) {
  const auto dialect = make_duckdb_dialect("wh");
  EXPECT_EQ(dialect->create_table_sql(kLayout),
            R"(CREATE TABLE "wh"."ks"."my ""t""" ("a""b" VARCHAR, "c" UUID, "v" BIGINT))");
  EXPECT_EQ(dialect->add_column_sql(kLayout, {"n", ArrowKind::kTime, false}),
            R"(ALTER TABLE "wh"."ks"."my ""t""" ADD COLUMN "n" TIME_NS)");
}

TEST(DuckDbSql, MergingJoinsOnAllKeyColumns) {
  const auto dialect = make_duckdb_dialect("wh");
  EXPECT_THAT(dialect->merge_sql(kLayout, "s0", true),
              ElementsAre(R"(DELETE FROM "wh"."ks"."my ""t""" AS t USING temp.main."s0" AS s )"
                          R"(WHERE t."a""b" = s.c0 AND t."c" = s.c1)",
                          R"(INSERT INTO "wh"."ks"."my ""t""" ("a""b", "c", "v") )"
                          R"(SELECT s.c0, s.c1, s.c2 FROM temp.main."s0" AS s)"));
}

TEST(DuckDbSql, StateIsChangedOnlyWhereItsSequenceIsTheExpectedOne) {
  EXPECT_EQ(make_duckdb_dialect("wh")->update_state_sql("k's", 4, 7, "{'}", 0),
            R"(UPDATE "wh"."_ringsync"."state" SET sequence = 7, state = '{''}', written_at = )"
            "TIMESTAMPTZ '1970-01-01 00:00:00.000000+00' WHERE source = 'k''s' AND sequence = 4");
}

}  // namespace
}  // namespace ringsync
