#include "sync/state_import.h"

#include <gtest/gtest.h>

#include "sync/state_codec.h"

namespace ringsync {
namespace {

const SourceIdentity kIdentity{"cluster", "shop", "5.0"};

Keyspace shop() {
  Table table{"shop", "orders", "id-1", {}, 1, 1};
  table.columns = {{"id", {TypeKind::kBigint, {}, "", {}, 0}, ColumnKind::kPartitionKey},
                   {"updated_at", {TypeKind::kTimestamp, {}, "", {}, 0}, ColumnKind::kRegular}};
  return {"shop", {table}};
}

Result<ImportedState> import(const std::string& json) {
  return import_state({"old.json", json}, kIdentity, shop(), "updated_at");
}

TEST(StateImport, TimesMayHaveAFractionATAndAnOffset) {
  const std::pair<const char*, int64_t> times[] = {
      {"2024-01-31 12:00:00", 1'706'702'400'000},
      {"2024-01-31T12:00:00", 1'706'702'400'000},
      {"2024-01-31 12:00:00.123456", 1'706'702'400'123},
      {"2024-01-31T12:00:00.5+00:00", 1'706'702'400'500},
      {"2024-01-31T14:00:00+02:00", 1'706'702'400'000},
      {"2024-01-31T12:00:00Z", 1'706'702'400'000}};
  for (const auto& [text, want_ms] : times) {
    const auto imported = import(std::string(R"({"orders":{"last_updated_at":")") + text + "\"}}");
    ASSERT_TRUE(imported.ok()) << text;
    EXPECT_EQ(imported->state.tables.at("orders").cursor_ms, want_ms) << text;
    EXPECT_FALSE(imported->vouches_for_rows);
    ASSERT_EQ(imported->warnings.size(), 1U);
    EXPECT_NE(imported->warnings[0].find("--resync orders"), std::string::npos);
  }
}

TEST(StateImport, ATableThatIsNotThereIsWarnedAboutAndOneNeverSyncedIsLeftOut) {
  const auto imported = import(
      R"({"gone":{"last_updated_at":"2024-01-31 12:00:00"},"orders":{"last_updated_at":null}})");
  ASSERT_TRUE(imported.ok());
  EXPECT_TRUE(imported->state.tables.empty());
  ASSERT_EQ(imported->warnings.size(), 1U);
  EXPECT_NE(imported->warnings[0].find("gone"), std::string::npos);
}

TEST(StateImport, WhatIsNoStateIsAnErrorThatNamesTheFile) {
  for (const char* json :
       {"", "[]", "7", "{\"orders\":5}", "{\"orders\":{}}",
        "{\"orders\":{\"last_updated_at\":\"yesterday\"}}", "{\"orders\":{\"last_updated_at\":17}}",
        "{\"ringsync\":1}", "{\"ringsync\":99}"}) {
    const auto imported = import(json);
    ASSERT_FALSE(imported.ok()) << json;
    EXPECT_NE(imported.error().message.find("old.json"), std::string::npos);
  }
}

TEST(StateImport, AnotherSourcesStateIsRefusedAndOursKept) {
  SyncState state;
  state.cluster = "elsewhere";
  state.keyspace = "shop";
  EXPECT_FALSE(import(encode_state(state)).ok());
  state.cluster = "cluster";
  state.tables["orders"].cursor_ms = 5;
  const auto imported = import(encode_state(state));
  ASSERT_TRUE(imported.ok());
  EXPECT_EQ(imported->state, state);
  EXPECT_TRUE(imported->vouches_for_rows);
}

TEST(StateImport, ATableNamedRingsyncIsATableOfTheExample) {
  const auto imported = import(R"({"ringsync":{"last_updated_at":"2024-01-31 12:00:00"}})");
  ASSERT_TRUE(imported.ok());
  EXPECT_FALSE(imported->vouches_for_rows);
}

}  // namespace
}  // namespace ringsync
