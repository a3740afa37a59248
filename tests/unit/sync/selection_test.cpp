// Tables and columns that a front door leaves out, over the whole engine.
#include "engine_fixture.h"

namespace ringsync {
namespace {

using testing::kNotSent;

class Selection : public testing::EngineFixture {
 protected:
  static SyncOptions without(std::vector<std::string> columns) {
    SyncOptions sync_options = options();
    sync_options.leave_out = [columns](const Table&) { return columns; };
    return sync_options;
  }
};

TEST_F(Selection, AColumnThatIsLeftOutIsNotReadAndNotSent) {
  tables_["orders"] = table_of(500, true);
  const auto summary = sync({}, {}, without({"value"}));
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  for (const auto& [id, row] : destination_.tables["orders"]) {
    EXPECT_EQ(row.row.value, kNotSent);
    EXPECT_TRUE(row.row.updated_at_ms.has_value());
  }
  for (const ScanRequest& request : requests_) {
    EXPECT_EQ(request.query->table.find_column("value"), -1);
  }
}

TEST_F(Selection, ACursorColumnThatIsLeftOutBoundsReadsAndIsCountedButNotSent) {
  tables_["orders"] = table_of(500, true);
  tables_["orders"].rows[3].updated_at_ms = std::nullopt;
  const auto first = sync({}, {}, without({"updated_at"}));
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->tables[0].null_cursor_rows, 1U);
  expect_equal_to_source();
  for (const auto& [id, row] : destination_.tables["orders"]) {
    EXPECT_FALSE(row.row.updated_at_ms.has_value()) << id;
  }
  tables_["orders"].rows[4] = {44, clock_.wall_us() / 1000};
  const auto second = sync({}, {}, without({"updated_at"}));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->tables[0].run, RunKind::kIncremental);
  EXPECT_EQ(delivered_rows_, 1U);
  expect_equal_to_source();
}

TEST_F(Selection, AColumnThatIsIncludedAgainReadsItsTableAnewAndOnlyThat) {
  tables_["orders"] = table_of(300, true);
  tables_["others"] = table_of(200, true);
  SyncOptions narrow = options();
  narrow.leave_out = [](const Table& table) {
    return table.name == "orders" ? std::vector<std::string>{"value"} : std::vector<std::string>{};
  };
  ASSERT_TRUE(sync({}, {}, narrow).ok());
  const auto summary = sync();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->tables[0].run, RunKind::kFirst);
  EXPECT_EQ(summary->tables[1].run, RunKind::kIncremental);
  expect_equal_to_source();
}

TEST_F(Selection, KeyColumnsThatAreLeftOutAreAllNamedBeforeAnyRow) {
  tables_["a"] = table_of(10, true);
  tables_["b"] = table_of(10, false);
  const auto summary = sync({}, {}, without({"id", "value"}));
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ErrorCode::kSelection);
  EXPECT_NE(summary.error().message.find("table a: column \"id\""), std::string::npos);
  EXPECT_NE(summary.error().message.find("table b: column \"id\""), std::string::npos);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(Selection, ATypeThatChangesReadsItsTableAnew) {
  tables_["orders"] = table_of(300, true);
  const auto typed = [](const std::string& type) {
    SyncOptions sync_options = options();
    sync_options.column_types = [type](const Table&) {
      return std::map<std::string, std::string>{{"value", type}};
    };
    return sync_options;
  };
  ASSERT_TRUE(sync({}, {}, typed("LONG")).ok());
  EXPECT_EQ(sync({}, {}, typed("LONG"))->tables[0].run, RunKind::kIncremental);
  EXPECT_EQ(sync({}, {}, typed("STRING"))->tables[0].run, RunKind::kFirst);
  EXPECT_EQ(delivered_rows_, 300U);
}

}  // namespace
}  // namespace ringsync
