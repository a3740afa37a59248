// Tables that are read anew on request, and syncs that go on where another program left off.
#include "engine_fixture.h"
#include "sync/state_codec.h"

namespace ringsync {
namespace {

using testing::FakeSinkOptions;

class ResyncedEngine : public testing::EngineFixture {
 protected:
  static SyncOptions resyncing(const std::string& table) {
    SyncOptions resyncing = options();
    resyncing.resync = [table](const std::vector<std::string>&) {
      return Result<std::vector<std::string>>(std::vector<std::string>{table});
    };
    return resyncing;
  }

  static SyncOptions importing(const std::string& json) {
    SyncOptions importing = options();
    importing.import_state = StateImport{"state.json", json};
    return importing;
  }
};

TEST_F(ResyncedEngine, EverythingOfThatTableIsReadAnewAndRowsGoneAreMarkedDeleted) {
  tables_["orders"] = table_of(500, true);
  tables_["other"] = table_of(300, true);
  ASSERT_TRUE(sync().ok());
  tables_["orders"].rows.erase(3);
  tables_["orders"].rows[4] = {44, 1};  // changed without a new time
  const auto summary = sync({}, {}, resyncing("orders"));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(delivered_rows_, 499U);
  EXPECT_EQ(summary->tables[0].run, RunKind::kFirst);
  EXPECT_EQ(summary->tables[0].rows_deleted, 1U);
  EXPECT_EQ(summary->tables[1].run, RunKind::kIncremental);
  expect_equal_to_source();
}

TEST_F(ResyncedEngine, OneThatWasInterruptedGoesOnWithoutTheOptionAndIsBegunAnewWithIt) {
  tables_["big"] = table_of(5000, true);
  ASSERT_TRUE(sync().ok());
  tables_["big"].rows.erase(3);
  FakeSinkOptions crash;
  crash.crash_after_calls = 60;
  ASSERT_FALSE(sync({}, crash, resyncing("big")).ok());
  const testing::FakeDestination interrupted = destination_;
  auto summary = sync();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->tables[0].run, RunKind::kFirst);
  EXPECT_TRUE(summary->tables[0].resumed);
  EXPECT_LT(delivered_rows_, 4500U);
  EXPECT_TRUE(destination_.tables["big"][3].deleted);
  expect_equal_to_source();

  destination_ = interrupted;
  ASSERT_TRUE(sync({}, {}, resyncing("big")).ok());
  EXPECT_EQ(delivered_rows_, 4999U);
  expect_equal_to_source();
}

TEST_F(ResyncedEngine, ACrashAtEveryStepOfAResyncEndsEqualToTheSource) {
  tables_["orders"] = table_of(400, true);
  ASSERT_TRUE(sync().ok());
  tables_["orders"].rows.erase(3);
  const testing::FakeDestination before = destination_;
  ASSERT_TRUE(sync({}, {}, resyncing("orders")).ok());
  const uint64_t steps = calls_;
  for (uint64_t step = 1; step <= steps; ++step) {
    destination_ = before;
    FakeSinkOptions crash;
    crash.crash_after_calls = step;
    crash.commit_rows = 100;
    ASSERT_FALSE(sync({}, crash, resyncing("orders")).ok());
    // Where nothing of it became durable the table is still as it was, and the option is needed.
    const bool is_known = destination_.state->json != before.state->json;
    ASSERT_TRUE(sync({}, {}, is_known ? options() : resyncing("orders")).ok());
    expect_equal_to_source();
  }
}

TEST_F(ResyncedEngine, TheExamplesStateIsWhereAFirstSyncGoesOn) {
  tables_["orders"] = table_of(1000, true, 1'600'000'000'000);
  tables_["orders"].rows[7] = {70, 1'650'000'000'000};
  tables_["plain"] = table_of(50, false);
  const auto summary =
      sync({}, {}, importing(R"({"orders":{"last_updated_at":"2021-01-01 00:00:00"},
    "plain":{"last_updated_at":"2021-01-01 00:00:00"},"gone":{"last_updated_at":null}})"));
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->tables[0].run, RunKind::kIncremental);
  EXPECT_EQ(summary->tables[0].rows_sent, 1U);
  EXPECT_EQ(summary->tables[1].run, RunKind::kFull);
  EXPECT_EQ(summary->tables[1].rows_sent, 50U);
  ASSERT_TRUE(sync().ok());
  EXPECT_EQ(destination_.tables["orders"].size(), 1U);
  ASSERT_TRUE(sync({}, {}, resyncing("orders")).ok());
  expect_equal_to_source();
}

TEST_F(ResyncedEngine, ADestinationWithAStateTakesNoOther) {
  tables_["orders"] = table_of(10, true);
  ASSERT_TRUE(sync().ok());
  const auto summary = sync({}, {}, importing("{}"));
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ErrorCode::kStateImport);
}

TEST_F(ResyncedEngine, ACopyOfOurStateIsTakenWhereItsRowsAreAndRefusedWhereTheyAreNot) {
  tables_["orders"] = table_of(100, true);
  ASSERT_TRUE(sync().ok());
  const std::string copy = destination_.state->json;
  destination_.state.reset();
  auto summary = sync({}, {}, importing(copy));
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->tables[0].run, RunKind::kIncremental);
  EXPECT_EQ(delivered_rows_, 0U);

  destination_ = {};
  summary = sync({}, {}, importing(copy));
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ErrorCode::kStateImport);
  EXPECT_NE(summary.error().message.find("orders"), std::string::npos);
}

}  // namespace
}  // namespace ringsync
