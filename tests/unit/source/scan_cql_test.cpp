#include "source/scylla/scan_cql.h"

#include <gtest/gtest.h>

namespace ringsync {
namespace {

Column make_column(const std::string& name, TypeKind type, ColumnKind kind) {
  Column column;
  column.name = name;
  column.type.kind = type;
  column.kind = kind;
  return column;
}

ScanQuery query_of_flights() {
  ScanQuery query;
  query.table.keyspace = "nyc";
  query.table.name = "flights";
  query.table.columns = {make_column("carrier", TypeKind::kText, ColumnKind::kPartitionKey),
                         make_column("flight", TypeKind::kInt, ColumnKind::kPartitionKey),
                         make_column("origin", TypeKind::kText, ColumnKind::kClustering),
                         make_column("updated_at", TypeKind::kTimestamp, ColumnKind::kRegular)};
  query.table.partition_key_count = 2;
  query.table.primary_key_count = 3;
  return query;
}

TEST(ScanCql, SelectsAllColumnsInOrderBetweenTwoTokens) {
  EXPECT_EQ(scan_cql(query_of_flights(), {}),
            "SELECT \"carrier\", \"flight\", \"origin\", \"updated_at\" FROM \"nyc\".\"flights\" "
            "WHERE token(\"carrier\", \"flight\") > ? AND token(\"carrier\", \"flight\") <= ?");
}

TEST(ScanCql, ACursorBoundFiltersOnTheCursorColumn) {
  ScanQuery query = query_of_flights();
  query.cursor_column = 3;
  query.cursor_after_ms = 1'700'000'000'000;
  const std::string text = scan_cql(query, {});
  EXPECT_TRUE(text.ends_with(" <= ? AND \"updated_at\" > ? ALLOW FILTERING")) << text;
}

TEST(ScanCql, AnIndexServesAWindowWithoutFiltering) {
  ScanQuery query = query_of_flights();
  query.cursor_column = 3;
  query.cursor_after_ms = 1'700'000'000'000;
  query.by_index = true;
  std::string text = scan_cql(query, {});
  EXPECT_TRUE(text.ends_with(" <= ? AND \"updated_at\" > ?")) << text;
  query.cursor_until_ms = 1'700'000'021'600;
  text = scan_cql(query, {});
  EXPECT_TRUE(text.ends_with(" <= ? AND \"updated_at\" > ? AND \"updated_at\" <= ?")) << text;
  text = scan_cql(query, {.enabled = true, .server_timeout_ms = 5'000});
  EXPECT_TRUE(text.ends_with(" AND \"updated_at\" <= ? BYPASS CACHE USING TIMEOUT 5000ms")) << text;
}

TEST(ScanCql, ACursorColumnWithoutABoundReadsEverything) {
  ScanQuery query = query_of_flights();
  query.cursor_column = 3;
  EXPECT_EQ(scan_cql(query, {}), scan_cql(query_of_flights(), {}));
}

TEST(ScanCql, NamesWithQuotesAndCapitalsAreQuoted) {
  ScanQuery query;
  query.table.keyspace = "My Keyspace";
  query.table.name = "odd\"table";
  query.table.columns = {make_column("Id", TypeKind::kInt, ColumnKind::kPartitionKey),
                         make_column("sel\"ect", TypeKind::kInt, ColumnKind::kRegular)};
  query.table.partition_key_count = 1;
  EXPECT_EQ(scan_cql(query, {}),
            "SELECT \"Id\", \"sel\"\"ect\" FROM \"My Keyspace\".\"odd\"\"table\" "
            "WHERE token(\"Id\") > ? AND token(\"Id\") <= ?");
}

TEST(ScanCql, ScyllaExtrasComeLastAndOnlyWhenEnabled) {
  ScanQuery query = query_of_flights();
  query.cursor_column = 3;
  query.cursor_after_ms = 0;
  const std::string text = scan_cql(query, {.enabled = true, .server_timeout_ms = 30'000});
  EXPECT_TRUE(text.ends_with(" ALLOW FILTERING BYPASS CACHE USING TIMEOUT 30000ms")) << text;
  const std::string without = scan_cql(query, {.enabled = true, .server_timeout_ms = 0});
  EXPECT_TRUE(without.ends_with(" ALLOW FILTERING BYPASS CACHE")) << without;
  EXPECT_EQ(scan_cql(query, {.enabled = false, .server_timeout_ms = 30'000}).find("BYPASS"),
            std::string::npos);
}

}  // namespace
}  // namespace ringsync
