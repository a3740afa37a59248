// Syncs through the engine into a destination that follows the contract's rules, cut off behind
// each of their checkpoints and gone on with: nothing is lost, and no live row stays marked
// deleted.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "base/log.h"
#include "fake_database.h"
#include "recording_stream.h"
#include "sink/fivetran/fivetran_sink.h"
#include "sync/engine.h"

namespace ringsync::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

/// What Fivetran makes of a stream of messages.
class Destination {
 public:
  void apply(const sdk::UpdateResponse& message) {
    ++time_;
    switch (message.operation_case()) {
      case sdk::UpdateResponse::kSchemaChange:
        for (const sdk::Table& table : message.schema_change().without_schema().tables()) {
          announced_.insert(table.name());
        }
        return;
      case sdk::UpdateResponse::kRecord: apply(message.record()); return;
      case sdk::UpdateResponse::kRecords:
        for (const sdk::Record& record : message.records().records()) apply(record);
        return;
      case sdk::UpdateResponse::kCheckpoint: state_ = message.checkpoint().state_json(); return;
      default: ADD_FAILURE() << "a message of no use here";
    }
  }

  /// The rows of the table that are not marked deleted: value by id.
  std::map<int64_t, int64_t> live(const std::string& table) const {
    std::map<int64_t, int64_t> rows;
    const auto found = tables_.find(table);
    if (found == tables_.end()) return rows;
    for (const auto& [id, row] : found->second) {
      if (!row.deleted) rows[id] = row.value;
    }
    return rows;
  }

  const std::optional<std::string>& state() const { return state_; }

 private:
  struct Row {
    int64_t value = 0;
    uint64_t synced = 0;
    bool deleted = false;
  };

  void apply(const sdk::Record& record) {
    EXPECT_THAT(announced_, Contains(record.table_name()));
    auto& rows = tables_[record.table_name()];
    if (record.type() == sdk::TRUNCATE) {
      for (auto& [id, row] : rows) row.deleted = row.deleted || row.synced < time_;
      return;
    }
    ASSERT_EQ(record.type(), sdk::UPSERT);
    rows[record.data().at("id").long_()] = {record.data().at("value").long_(), time_, false};
  }

  std::set<std::string> announced_;
  std::map<std::string, std::map<int64_t, Row>> tables_;
  std::optional<std::string> state_;
  uint64_t time_ = 0;
};

std::multiset<std::string> truncated_tables(const std::vector<sdk::UpdateResponse>& messages) {
  std::multiset<std::string> tables;
  for (const sdk::UpdateResponse& message : messages) {
    if (message.record().type() == sdk::TRUNCATE) tables.insert(message.record().table_name());
  }
  return tables;
}

/// Tables of which the state says that the sync under way is done with them.
std::set<std::string> tables_done(const std::string& state_json) {
  return nlohmann::json::parse(state_json).value("done_tables", std::set<std::string>());
}

/// Tables of which the state says that a run is under way.
std::set<std::string> tables_under_way(const std::string& state_json) {
  std::set<std::string> tables;
  const auto state = nlohmann::json::parse(state_json);
  for (const auto& [name, table] : state.at("tables").items()) {
    if (table.contains("run")) tables.insert(name);
  }
  return tables;
}

class FivetranResume : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { set_up_logging(LogLevel::kError, LogFormat::kText); }

  static SyncOptions options() {
    SyncOptions options;
    options.pipeline.workers = 0;
    options.page_rows_max = 20;
    options.checkpoint_interval_rows = 33;  // does not divide a page
    options.sizing.split_bytes_target = 2000;
    options.sizing.split_rows_min = 20;
    options.lag_ms = 0;
    options.overlap_ms = 0;
    options.retry.delay_first_ms = 1;
    options.keeps_done_tables = true;
    return options;
  }

  /// The messages of a sync that begins with this state.
  std::vector<sdk::UpdateResponse> sync(const std::optional<std::string>& state,
                                        FakeSourceOptions source_options = {},
                                        const SyncOptions& sync_options = options()) {
    clock_.advance_ms(60'000);
    FakeSource source(tables_, clock_, std::move(source_options));
    RecordingStream stream;
    const auto sink = make_fivetran_sink({{}, state}, stream);
    SyncEngine engine(source, *sink, clock_, sync_options);
    const auto summary = engine.run();
    EXPECT_TRUE(summary.ok()) << summary.error().message;
    return stream.decoded();
  }

  static FakeTable table_of(int64_t rows, bool has_cursor) {
    FakeTable table;
    table.has_cursor = has_cursor;
    for (int64_t id = 0; id < rows; ++id) {
      table.rows[id] = {id * 10, has_cursor ? std::optional<int64_t>(1000) : std::nullopt};
    }
    return table;
  }

  void expect_equal_to_source(const Destination& destination) const {
    for (const auto& [name, table] : tables_) {
      std::map<int64_t, int64_t> want;
      for (const auto& [id, row] : table.rows) want[id] = row.value;
      EXPECT_EQ(destination.live(name), want) << name;
    }
  }

  /// Cuts `messages` off behind each checkpoint and behind some message that follows it, and goes
  /// on each time from what the destination then has.
  void resume_everywhere(const Destination& before,
                         const std::vector<sdk::UpdateResponse>& messages, uint64_t seed) {
    std::mt19937_64 random(seed);
    Destination kept = before;
    std::vector<sdk::UpdateResponse> sent;
    for (size_t i = 0; i < messages.size(); ++i) {
      kept.apply(messages[i]);
      sent.push_back(messages[i]);
      if (!messages[i].has_checkpoint()) continue;
      SCOPED_TRACE(
          fmt::format("cut off behind message {} of {}, seed {}", i, messages.size(), seed));
      expect_runs_are_truncated(sent, messages[i].checkpoint().state_json());
      Destination destination = kept;
      const size_t more = random() % 4;
      for (size_t j = i + 1; j < std::min(i + 1 + more, messages.size()); ++j) {
        if (messages[j].has_checkpoint()) break;
        destination.apply(messages[j]);
      }
      FakeSourceOptions source_options;
      source_options.seed = seed + i;
      const auto rest = sync(destination.state(), source_options);
      for (const std::string& table : tables_under_way(*destination.state())) {
        EXPECT_THAT(truncated_tables(rest), Not(Contains(table)));
      }
      for (const std::string& table : tables_done(*destination.state())) {
        EXPECT_THAT(truncated_tables(rest), Not(Contains(table)));
      }
      for (const auto& message : rest) destination.apply(message);
      expect_equal_to_source(destination);
    }
  }

  /// A state that says that a table's run is under way comes behind the table's TRUNCATE.
  void expect_runs_are_truncated(const std::vector<sdk::UpdateResponse>& sent,
                                 const std::string& state) const {
    const std::multiset<std::string> truncated = truncated_tables(sent);
    for (const std::string& table : tables_under_way(state)) {
      const auto run = nlohmann::json::parse(state).at("tables").at(table).at("run");
      if (run.at("kind") == "incremental") continue;
      EXPECT_EQ(truncated.count(table), 1U) << table;
    }
  }

  FakeClock clock_;
  FakeTables tables_;
};

TEST_F(FivetranResume, AFirstSyncBringsEverythingAndTruncatesEachTableOnce) {
  tables_["a"] = table_of(150, false);
  tables_["b"] = table_of(40, true);
  tables_["empty"] = table_of(0, false);
  const auto messages = sync("{}");
  Destination destination;
  for (const auto& message : messages) destination.apply(message);
  expect_equal_to_source(destination);
  EXPECT_EQ(truncated_tables(messages), (std::multiset<std::string>{"a", "b", "empty"}));
  EXPECT_THAT(tables_under_way(*destination.state()), IsEmpty());
}

TEST_F(FivetranResume, AFirstSyncGoesOnFromEachOfItsCheckpoints) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    tables_["a"] = table_of(180, false);
    tables_["b"] = table_of(120, true);
    tables_["c"] = table_of(7, false);
    FakeSourceOptions source_options;
    source_options.seed = seed;
    resume_everywhere({}, sync(std::nullopt, source_options), seed);
  }
}

TEST_F(FivetranResume, ALaterSyncGoesOnFromEachOfItsCheckpointsAndDeletesWhatIsGone) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    tables_["a"] = table_of(180, false);
    tables_["b"] = table_of(120, true);
    tables_["emptied"] = table_of(30, false);
    Destination destination;
    for (const auto& message : sync(std::nullopt)) destination.apply(message);
    for (int64_t id = 0; id < 180; id += 7) tables_["a"].rows.erase(id);
    tables_["a"].rows[1000].value = 1;
    tables_["emptied"].rows.clear();
    for (int64_t id = 0; id < 120; id += 2) {
      tables_["b"].rows[id] = {id + 1, clock_.wall_us() / 1000 + 10};
    }
    FakeSourceOptions source_options;
    source_options.seed = seed;
    resume_everywhere(destination, sync(destination.state(), source_options), seed);
  }
}

TEST_F(FivetranResume, ATableThatIsDoneIsLeftAloneUntilTheSyncIsAtItsEndAndThenReadAgain) {
  tables_["a"] = table_of(90, false);
  tables_["b"] = table_of(90, false);
  Destination destination;
  for (const auto& message : sync(std::nullopt)) {
    destination.apply(message);
    if (message.has_checkpoint() && !tables_done(*destination.state()).empty()) break;
  }
  const std::set<std::string> done = tables_done(*destination.state());
  ASSERT_EQ(done, (std::set<std::string>{"a"}));
  tables_["a"].rows.erase(1);  // after a was read

  const auto rest = sync(destination.state());
  EXPECT_THAT(truncated_tables(rest), Not(Contains("a")));
  for (const auto& message : rest) destination.apply(message);
  EXPECT_EQ(destination.live("a").size(), 90U);
  EXPECT_EQ(destination.live("b").size(), 90U);
  EXPECT_THAT(tables_done(*destination.state()), IsEmpty());

  for (const auto& message : sync(destination.state())) destination.apply(message);
  expect_equal_to_source(destination);
}

TEST_F(FivetranResume, ATableThatIsDoneIsReadAgainWhereItsColumnsHaveChanged) {
  tables_["a"] = table_of(20, false);
  tables_["b"] = table_of(90, false);
  Destination destination;
  for (const auto& message : sync(std::nullopt)) {
    destination.apply(message);
    if (message.has_checkpoint() && !tables_done(*destination.state()).empty()) break;
  }
  ASSERT_THAT(tables_done(*destination.state()), Contains("a"));
  tables_["a"] = table_of(30, true);
  for (const auto& message : sync(destination.state())) destination.apply(message);
  expect_equal_to_source(destination);
}

TEST_F(FivetranResume, ATableThatFailsDoesNotKeepTheOthersFromBeingReadAgain) {
  tables_["a"] = table_of(30, false);
  tables_["b"] = table_of(30, false);
  FakeSourceOptions source_options;
  source_options.fault = [](const ScanRequest& request) -> std::optional<Error> {
    if (request.query->table.name != "b") return std::nullopt;
    return Error{ErrorCode::kUnauthorized, "no permission"};
  };
  Destination destination;
  for (const auto& message : sync(std::nullopt, source_options)) destination.apply(message);
  EXPECT_THAT(tables_done(*destination.state()), IsEmpty());
  EXPECT_THAT(truncated_tables(sync(destination.state(), source_options)), Contains("a"));
}

TEST_F(FivetranResume, ASourceThatIsLostLeavesWhatIsDoneAloneOnceAndNotForEver) {
  tables_["a"] = table_of(30, false);
  tables_["b"] = table_of(30, false);
  FakeSourceOptions source_options;
  source_options.fault = [](const ScanRequest& request) -> std::optional<Error> {
    if (request.query->table.name != "b") return std::nullopt;
    return Error{ErrorCode::kUnavailable, "no node answers"};
  };
  Destination destination;
  for (const auto& message : sync(std::nullopt, source_options)) destination.apply(message);
  EXPECT_EQ(tables_done(*destination.state()), (std::set<std::string>{"a"}));
  const auto second = sync(destination.state(), source_options);
  EXPECT_THAT(truncated_tables(second), Not(Contains("a")));
  for (const auto& message : second) destination.apply(message);
  EXPECT_THAT(truncated_tables(sync(destination.state(), source_options)), Contains("a"));
}

TEST_F(FivetranResume, ACrashBeforeAnyCheckpointTruncatesAgain) {
  tables_["a"] = table_of(30, false);
  Destination destination;
  for (const auto& message : sync(std::nullopt)) destination.apply(message);
  tables_["a"].rows.erase(3);
  const auto messages = sync(destination.state());
  const std::string state = *destination.state();
  for (const auto& message : messages) {
    if (message.has_checkpoint()) break;
    destination.apply(message);
  }
  ASSERT_EQ(destination.state(), state);
  for (const auto& message : sync(state)) destination.apply(message);
  expect_equal_to_source(destination);
}

TEST_F(FivetranResume, WhatATruncateTakesAwayIsInNoStateBeforeIt) {
  tables_["a"] = table_of(60, true);
  tables_["a"].has_extra = true;
  SyncOptions narrow = options();
  narrow.leave_out = [](const Table&) {
    return Result<std::vector<std::string>>(std::vector<std::string>{"extra"});
  };
  Destination destination;
  for (const auto& message : sync(std::nullopt, {}, narrow)) destination.apply(message);
  // The column is selected, so that the table is read anew; the sync is cut off behind the
  // truncate, and the column is deselected again.
  for (const auto& message : sync(destination.state())) {
    destination.apply(message);
    if (message.record().type() == sdk::TRUNCATE) break;
  }
  ASSERT_THAT(destination.live("a"), IsEmpty());
  for (const auto& message : sync(destination.state(), {}, narrow)) destination.apply(message);
  expect_equal_to_source(destination);
}

TEST_F(FivetranResume, ATableWhoseFirstPageNeverComesIsNotTruncated) {
  tables_["a"] = table_of(30, false);
  tables_["b"] = table_of(30, false);
  Destination destination;
  for (const auto& message : sync(std::nullopt)) destination.apply(message);
  FakeSourceOptions source_options;
  source_options.fault = [](const ScanRequest& request) -> std::optional<Error> {
    if (request.query->table.name != "a") return std::nullopt;
    return Error{ErrorCode::kUnauthorized, "no permission"};
  };
  const auto messages = sync(destination.state(), source_options);
  EXPECT_EQ(truncated_tables(messages), (std::multiset<std::string>{"b"}));
  for (const auto& message : messages) destination.apply(message);
  EXPECT_THAT(tables_under_way(*destination.state()), IsEmpty());
  expect_equal_to_source(destination);
  for (const auto& message : sync(destination.state())) destination.apply(message);
  expect_equal_to_source(destination);
}

TEST_F(FivetranResume, AKnownTableIsAnnouncedAgainOnlyWhenItsColumnsHaveChanged) {
  const auto announcements = [](const std::vector<sdk::UpdateResponse>& messages) {
    return std::count_if(messages.begin(), messages.end(),
                         [](const auto& message) { return message.has_schema_change(); });
  };
  tables_["a"] = table_of(5, true);
  Destination destination;
  const auto first = sync(std::nullopt);
  EXPECT_EQ(announcements(first), 1);
  for (const auto& message : first) destination.apply(message);
  const auto second = sync(destination.state());
  EXPECT_EQ(announcements(second), 0);
  for (const auto& message : second) destination.apply(message);
  tables_["a"].has_cursor = false;  // the column is gone
  EXPECT_EQ(announcements(sync(destination.state())), 1);
}

TEST_F(FivetranResume, ATableRefusedOnceIsAnnouncedWhenItIsTaken) {
  tables_["userData"] = table_of(5, false);
  tables_["user_data"] = table_of(6, false);
  Destination destination;
  for (const auto& message : sync(std::nullopt)) destination.apply(message);
  EXPECT_THAT(destination.live("user_data"), IsEmpty());
  tables_.erase("userData");
  for (const auto& message : sync(destination.state())) destination.apply(message);
  expect_equal_to_source(destination);
}

}  // namespace
}  // namespace ringsync::testing
