#include "sink/adbc/sql.h"

#include <gtest/gtest.h>

namespace ringsync {
namespace {

const TargetLayout kLayout{"wh",
                           "ks",
                           "my \"t\"",
                           {{"a\"b", ArrowKind::kText, true},
                            {"c", ArrowKind::kUuid, true},
                            {"v", ArrowKind::kInt64, false}}};

TEST(Sql, LiteralsDoubleTheirQuotes) {
  EXPECT_EQ(literal("it's"), "'it''s'");
  EXPECT_EQ(literal("'; DROP TABLE x; --"), "'''; DROP TABLE x; --'");
}

TEST(Sql, TimestampsKeepMicrosecondsOnBothSidesOfTheEpoch) {
  EXPECT_EQ(timestamp_literal(0), "TIMESTAMPTZ '1970-01-01 00:00:00.000000+00'");
  EXPECT_EQ(timestamp_literal(1'700'000'000'000'001),
            "TIMESTAMPTZ '2023-11-14 22:13:20.000001+00'");
  EXPECT_EQ(timestamp_literal(-1), "TIMESTAMPTZ '1969-12-31 23:59:59.999999+00'");
}

TEST(Sql, TablesHaveQuotedNamesAndNoPrimaryKey) {
  EXPECT_EQ(create_table_sql(kLayout),
            R"(CREATE TABLE "wh"."ks"."my ""t""" ("a""b" VARCHAR, "c" UUID, "v" BIGINT))");
  EXPECT_EQ(add_column_sql(kLayout, {"n", ArrowKind::kTime, false}),
            R"(ALTER TABLE "wh"."ks"."my ""t""" ADD COLUMN "n" TIME_NS)");
}

TEST(Sql, MergingJoinsOnAllKeyColumns) {
  EXPECT_EQ(delete_staged_keys_sql(kLayout, "s0"),
            R"(DELETE FROM "wh"."ks"."my ""t""" AS t USING temp.main."s0" AS s )"
            R"(WHERE t."a""b" = s.c0 AND t."c" = s.c1)");
  EXPECT_EQ(insert_staged_sql(kLayout, "s0"),
            R"(INSERT INTO "wh"."ks"."my ""t""" ("a""b", "c", "v") )"
            R"(SELECT c0, c1, c2 FROM temp.main."s0")");
}

TEST(Sql, StateIsChangedOnlyWhereItsSequenceIsTheExpectedOne) {
  EXPECT_EQ(update_state_sql("st", "k's", 4, 7, "{'}", 0),
            "UPDATE st SET sequence = 7, state = '{''}', written_at = TIMESTAMPTZ '1970-01-01 "
            "00:00:00.000000+00' WHERE source = 'k''s' AND sequence = 4");
}

}  // namespace
}  // namespace ringsync
