#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/discovery.h"

namespace ringsync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Discovery sample() {
  Discovery discovery;
  discovery.identity = {"Test Cluster", "shop", "5.0.6"};
  discovery.node_count = 1;
  discovery.data_center = "dc1";
  discovery.type_mapping = "compatible";
  DiscoveredTable orders;
  orders.name = "orders";
  orders.is_selected = true;
  orders.mode = SyncMode::kTimestamp;
  orders.mode_reason = "incremental by updated_at";
  orders.primary_key_count = 2;
  orders.columns = {{"id", "int", ColumnKind::kPartitionKey, "INT"},
                    {"day", "date", ColumnKind::kClustering, "NAIVE_DATE"},
                    {"Odd \xff", "'x.Unknown'", ColumnKind::kRegular, std::nullopt}};
  orders.is_view = true;
  orders.indexes = {{"by_time", "updated_at", IndexKind::kSai}};
  orders.error = Error{ErrorCode::kUnsupportedType, "table orders: column Odd cannot be read"};
  DiscoveredTable old;
  old.name = "old";
  old.mode_reason = "in full each run: it has no column updated_at";
  old.primary_key_count = 1;
  old.columns = {{"id", "uuid", ColumnKind::kPartitionKey, "STRING"}};
  discovery.tables = {old, orders};
  return discovery;
}

TEST(DiscoveryText, ListsEveryTableWithItsColumnsAndMarksWhatCannotBeRead) {
  EXPECT_THAT(discovery_text(sample()),
              AllOf(HasSubstr("keyspace \"shop\": 1 of 2 tables selected\n"),
                    HasSubstr("\nold: not selected\n  id  uuid  STRING  partition_key\n"),
                    HasSubstr("\norders (view): incremental by updated_at\n"
                              "  ! error[unsupported_type]: table orders: column Odd"),
                    HasSubstr("day    date         NAIVE_DATE   clustering_key\n"),
                    HasSubstr("'x.Unknown'  unsupported\n  index by_time on updated_at (sai)\n")));
}

TEST(DiscoveryJson, HoldsTheSameAsNamesInOrder) {
  const auto json = nlohmann::json::parse(discovery_json(sample()));
  EXPECT_EQ(json["keyspace"], "shop");
  EXPECT_EQ(json["type_mapping"], "compatible");
  const auto& orders = json["tables"][1];
  EXPECT_EQ(orders["selected"], true);
  EXPECT_EQ(orders["mode"], "timestamp");
  EXPECT_EQ(orders["primary_key"], nlohmann::json({"id", "day"}));
  EXPECT_EQ(orders["columns"][1]["role"], "clustering_key");
  EXPECT_EQ(orders["columns"][1]["fivetran_type"], "NAIVE_DATE");
  EXPECT_EQ(orders["columns"][2]["supported"], false);
  EXPECT_TRUE(orders["columns"][2]["fivetran_type"].is_null());
  EXPECT_EQ(orders["indexes"][0]["kind"], "sai");
  EXPECT_EQ(json["tables"][0]["selected"], false);
  EXPECT_TRUE(json["tables"][0]["error"].is_null());
  EXPECT_EQ(orders["error"]["code"], "unsupported_type");
}

TEST(CheckText, HasALineForEachSelectedTableOnly) {
  EXPECT_THAT(check_text(sample()),
              AllOf(HasSubstr("  orders  key (id, day), 3 columns; incremental by updated_at\n"),
                    HasSubstr("          ! error[unsupported_type]: table orders: column Odd"),
                    Not(HasSubstr("old"))));
}

}  // namespace
}  // namespace ringsync
