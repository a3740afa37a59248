// The engine over fakes: what a sync promises, shown with one table or many, with failures, crashes
// at every step and restarts. Single-threaded and seeded.
#include "sync/engine.h"

#include <algorithm>

#include "engine_fixture.h"
#include "sync/state_codec.h"

namespace ringsync {
namespace {

using testing::FakeRow;
using testing::FakeSink;
using testing::FakeSinkOptions;
using testing::FakeSource;
using testing::FakeSourceOptions;
using testing::FakeTables;

/// Within what a sync ends by default whose source is lost, wholly or in parts.
constexpr int64_t kBoundedMs = 120'000;

class Engine : public testing::EngineFixture {};

/// Whether it is of the third of the ring that a lost node had alone. In each lane's part there is
/// some of it; probes are answered.
bool is_of_lost_node(const ScanRequest& request) {
  return request.page_limit == 0 && static_cast<uint64_t>(request.range.end) / 1000 % 3 == 0;
}

FakeSourceOptions with_lost_node() {
  FakeSourceOptions options;
  options.fault = [](const ScanRequest& request) -> std::optional<Error> {
    if (!is_of_lost_node(request)) return std::nullopt;
    return Error{ErrorCode::kUnavailable, "no replica is alive"};
  };
  return options;
}

/// Of one code only, so that none is noticed by the others' effect.
class BusyCluster : public Engine, public ::testing::WithParamInterface<ErrorCode> {};
INSTANTIATE_TEST_SUITE_P(Codes, BusyCluster,
                         ::testing::Values(ErrorCode::kOverloaded, ErrorCode::kTimeout));

TEST_F(Engine, ManyTablesOfAllSizesArriveWholeAndEachRowTravelsOnce) {
  uint64_t rows = 0;
  for (const int64_t size : {0, 1, 15, 16, 17, 66, 67, 1000, 5000}) {
    tables_["t" + std::to_string(size)] = table_of(size, size % 2 == 0);
    rows += static_cast<uint64_t>(size);
  }
  const auto summary = sync();
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  expect_equal_to_source();
  EXPECT_EQ(delivered_rows_, rows);
  for (const TableSummary& table : summary->tables) {
    EXPECT_TRUE(table.finished) << table.name;
    EXPECT_TRUE(table.reconciles()) << table.name;
    EXPECT_EQ(table.rows_sent, tables_[table.name].rows.size());
  }
  EXPECT_FALSE(summary->interrupted);
}

TEST_F(Engine, ACheckpointComesEveryIntervalAlsoInsideAPage) {
  tables_["big"] = table_of(3000, false);
  SyncOptions sync_options = options();
  sync_options.checkpoint_interval_rows = 7;
  ASSERT_TRUE(sync({}, {}, sync_options).ok());
  EXPECT_EQ(rows_between_checkpoints_max_, 7U);
  expect_equal_to_source();
}

TEST_F(Engine, OnlyRowsChangedSinceTheLastSyncTravel) {
  tables_["orders"] = table_of(2000, true);
  ASSERT_TRUE(sync().ok());
  clock_.advance_ms(1000);
  const int64_t now_ms = clock_.wall_us() / 1000;
  tables_["orders"].rows[5] = {55, now_ms};
  tables_["orders"].rows[9999] = {1, now_ms};
  const auto summary = sync();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(delivered_rows_, 2U);
  EXPECT_EQ(summary->tables[0].run, RunKind::kIncremental);
  expect_equal_to_source();
}

TEST_F(Engine, ARowOfTheVeryMillisecondInWhichASyncBeganIsNotLost) {
  tables_["orders"] = table_of(500, true);
  FakeSourceOptions source_options;
  int pages = 0;
  source_options.after_page = [&] {
    // Written behind the scan, with the time at which the sync began; the clock stands still.
    if (++pages == 20) {
      for (int64_t id = 0; id < 500; ++id) {
        tables_["orders"].rows[id] = {-id, clock_.wall_us() / 1000};
      }
    }
  };
  ASSERT_TRUE(sync(source_options).ok());
  ASSERT_GE(pages, 20);
  ASSERT_TRUE(sync().ok());
  expect_equal_to_source();
}

TEST_F(Engine, TheFirstSyncBringsRowsWithoutAndWithVeryOldCursorsAndCountsTheFormer) {
  tables_["orders"] = table_of(100, true);
  tables_["orders"].rows[1].updated_at_ms = std::nullopt;
  tables_["orders"].rows[2].updated_at_ms = -62'000'000'000'000;  // year 5
  const auto summary = sync();
  ASSERT_TRUE(summary.ok());
  expect_equal_to_source();
  EXPECT_EQ(summary->tables[0].null_cursor_rows, 1U);
}

TEST_F(Engine, ARowUpdatedWhileItIsReadIsMetAgainByTheNextSync) {
  tables_["orders"] = table_of(2000, true);
  FakeSourceOptions source_options;
  int pages = 0;
  source_options.after_page = [&] {
    if (++pages % 5 == 0) {
      clock_.advance_ms(1);
      tables_["orders"].rows[pages % 2000] = {-pages, clock_.wall_us() / 1000};
    }
  };
  ASSERT_TRUE(sync(source_options).ok());
  EXPECT_GT(pages, 20);
  ASSERT_TRUE(sync().ok());
  expect_equal_to_source();
}

TEST_F(Engine, ATableWithoutACursorIsReadInFullEachRunAndRowsGoneAreMarkedDeleted) {
  tables_["airports"] = table_of(300, false);
  ASSERT_TRUE(sync().ok());
  tables_["airports"].rows.erase(7);
  const auto summary = sync();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->tables[0].rows_deleted, 1U);
  EXPECT_EQ(delivered_rows_, 299U);
  EXPECT_TRUE(destination_.tables["airports"][7].deleted);
  expect_equal_to_source();
}

TEST_F(Engine, ACrashAtEveryStepIsResumedAndEndsEqualToTheSource) {
  tables_["big"] = table_of(1500, false);
  tables_["orders"] = table_of(400, true);
  tables_["small"] = table_of(3, false);
  ASSERT_TRUE(sync().ok());
  const uint64_t steps = calls_;
  ASSERT_GT(steps, 30U);
  for (uint64_t step = 1; step <= steps; step += kCrashStride) {
    destination_ = {};
    FakeSinkOptions crash;
    crash.crash_after_calls = step;
    crash.commit_rows = 200;
    ASSERT_FALSE(sync({}, crash).ok());
    const auto resumed = sync();
    ASSERT_TRUE(resumed.ok()) << "step " << step << ": " << resumed.error().message;
    expect_equal_to_source();
  }
}

TEST_F(Engine, AResumeRepeatsNothingThatADurableCheckpointVouchesForButPartOfAPage) {
  tables_["big"] = table_of(5000, false);
  FakeSinkOptions crash;
  crash.crash_after_calls = 120;
  ASSERT_FALSE(sync({}, crash).ok());
  const uint64_t before = destination_.tables["big"].size();
  ASSERT_GT(before, 1000U);
  const auto summary = sync();
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(summary->tables[0].resumed);
  // At most the page that the crash cut, for the one scan it was in.
  EXPECT_LE(delivered_rows_ + before, 5000U + options().page_rows_max);
  expect_equal_to_source();
}

TEST_F(Engine, AResumeInsideALargePageRepeatsAFewRowsOfIt) {
  tables_["big"] = table_of(3000, false);
  SyncOptions large_pages = options();
  large_pages.page_rows_max = 1000;
  large_pages.sizing.split_rows_min = 1500;
  large_pages.sizing.split_bytes_target = 1 << 20;
  expect_resumes_repeat_at_most(kMarkRows, large_pages);
}

TEST_F(Engine, AResumeInsideAPartitionWiderThanPagesRepeatsAPageOfIt) {
  tables_["wide"] = table_of(3000, false);
  tables_["wide"].partition_rows = 1500;
  SyncOptions large_pages = options();
  large_pages.page_rows_max = 400;
  expect_resumes_repeat_at_most(large_pages.page_rows_max, large_pages);
}

TEST_F(Engine, SyncsCutOffAgainAndAgainInsideAPartitionThatFitsAPageGetOn) {
  tables_["wide"] = table_of(1200, false);
  tables_["wide"].partition_rows = 600;
  SyncOptions large_pages = options();
  large_pages.page_rows_max = 5000;
  FakeSinkOptions cut;
  cut.crash_after_calls = 6;  // two checkpoints and some
  const auto is_under_way = [&] {
    return !destination_.state || destination_.state->json.find("\"run\"") != std::string::npos;
  };
  uint32_t syncs = 0;
  for (; is_under_way(); ++syncs) {
    ASSERT_LT(syncs, 40U) << "they get nowhere";
    ASSERT_FALSE(sync({}, cut, large_pages).ok());
  }
  EXPECT_GT(syncs, 10U);
  expect_equal_to_source();
}

TEST_F(Engine, ASyncThatGoesOnBeginsWithTheTablesThatTheOneBeforeDidNotComeTo) {
  tables_["a"] = table_of(600, true, 9'000'000'000'000);  // past every bound: sent by each run
  tables_["b"] = table_of(600, false);
  SyncOptions fivetran = options();
  fivetran.keeps_done_tables = true;
  FakeSinkOptions cut;
  cut.crash_after_calls = 8;  // less than half of a table
  const auto is_done = [&] {
    return destination_.state &&
           destination_.state->json.find(R"("done_tables":["b"])") != std::string::npos;
  };
  uint32_t syncs = 0;
  for (; !is_done(); ++syncs) {
    ASSERT_LT(syncs, 20U) << "a is read again and again before b";
    ASSERT_FALSE(sync({}, cut, fivetran).ok());
  }
  ASSERT_TRUE(sync({}, {}, fivetran).ok());
  expect_equal_to_source();
}

TEST_F(Engine, AResumeUnderAnotherServerVersionUsesNoOldPagingState) {
  tables_["big"] = table_of(5000, false);
  FakeSinkOptions crash;
  crash.crash_after_calls = 120;
  ASSERT_FALSE(sync({}, crash).ok());
  FakeSourceOptions upgraded;
  upgraded.server_version = "5.1";
  ASSERT_TRUE(sync(upgraded).ok());
  for (const ScanRequest& request : requests_) EXPECT_TRUE(request.paging_state.empty());
  expect_equal_to_source();
}

TEST_F(Engine, ARefusedPagingStateRestartsTheSplitAtTheTokenReached) {
  tables_["big"] = table_of(5000, false);
  FakeSinkOptions crash;
  crash.crash_after_calls = 120;
  ASSERT_FALSE(sync({}, crash).ok());
  const uint64_t before = destination_.tables["big"].size();
  FakeSourceOptions refusing;
  refusing.fault = [](const ScanRequest& request) -> std::optional<Error> {
    if (request.paging_state.empty()) return std::nullopt;
    return Error{ErrorCode::kBadPagingState, "refused"};
  };
  ASSERT_TRUE(sync(refusing).ok());
  expect_equal_to_source();
  EXPECT_LT(delivered_rows_, 5000U - before + 100U);
}

TEST_F(Engine, TransientFailuresAreTriedAgainFromTheLastPage) {
  tables_["big"] = table_of(3000, false);
  FakeSourceOptions flaky;
  int asked = 0;
  flaky.fault = [&](const ScanRequest&) -> std::optional<Error> {
    ++asked;
    if (asked % 4 != 0) return std::nullopt;
    return Error{asked % 8 == 0 ? ErrorCode::kOverloaded : ErrorCode::kTimeout, "try later"};
  };
  const auto summary = sync(flaky);
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_FALSE(summary->tables[0].error.has_value());
  EXPECT_EQ(delivered_rows_, 3000U);
  expect_equal_to_source();
}

TEST_F(Engine, ATableThatFailsIsNamedAndLetsTheOthersFinish) {
  tables_["bad"] = table_of(500, false);
  tables_["good"] = table_of(500, false);
  FakeSourceOptions broken;
  broken.fault = [](const ScanRequest& request) -> std::optional<Error> {
    if (request.query->table.name != "bad" || request.page_limit != 0) return std::nullopt;
    return Error{ErrorCode::kInvalidQuery, "no"};
  };
  const auto summary = sync(broken);
  ASSERT_TRUE(summary.ok());
  ASSERT_EQ(summary->tables.size(), 2U);
  EXPECT_TRUE(summary->tables[0].error.has_value());
  EXPECT_FALSE(summary->tables[0].finished);
  EXPECT_TRUE(summary->tables[1].finished);
  ASSERT_TRUE(sync().ok());
  expect_equal_to_source();
}

TEST_F(Engine, ATableThatTheDestinationRefusesFailsByItself) {
  tables_["bad"] = table_of(5, false);
  tables_["good"] = table_of(5, false);
  FakeSinkOptions refusing;
  refusing.refused_table = "bad";
  const auto summary = sync({}, refusing);
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(summary->tables[0].error.has_value());
  EXPECT_TRUE(summary->tables[1].finished);
}

TEST_F(Engine, AFailureThatDoesNotPassEndsTheTableAfterABoundedTime) {
  tables_["big"] = table_of(500, false);
  tables_["other"] = table_of(5, false);
  FakeSourceOptions dead;
  int asked = 0;
  dead.fault = [&](const ScanRequest&) -> std::optional<Error> {
    ++asked;
    return Error{ErrorCode::kConnect, "no node answers"};
  };
  SyncOptions sync_options = options();
  sync_options.retry.delay_first_ms = 200;
  const auto summary = sync(dead, {}, sync_options);
  ASSERT_TRUE(summary.ok());
  for (const TableSummary& table : summary->tables) {
    ASSERT_TRUE(table.error.has_value()) << table.name;
    EXPECT_NE(table.error->message.find("no node answers"), std::string::npos);
  }
  EXPECT_GE(asked, static_cast<int>(sync_options.retry.attempts_min));
  EXPECT_GE(took_ms_, sync_options.retry.give_up_after_ms);
  EXPECT_LT(took_ms_, kBoundedMs);
}

TEST_F(Engine, APageThatAlwaysFailsAfterAResumeEndsItsTable) {
  // Rows come up to a token, and what follows fails as if its paging state were refused: reading
  // the first rows again must not count as progress.
  tables_["big"] = table_of(2000, false);
  FakeSourceOptions broken;
  broken.fault = [](const ScanRequest& request) -> std::optional<Error> {
    if (request.page_limit != 0 || request.paging_state.empty()) return std::nullopt;
    return Error{ErrorCode::kBadPagingState, "refused"};
  };
  int pages = 0;
  auto refuse = broken.fault;
  broken.fault = [&pages, refuse](const ScanRequest& request) -> std::optional<Error> {
    if (auto error = refuse(request)) return error;
    if (request.page_limit == 0 && ++pages % 2 == 0) {
      return Error{ErrorCode::kTimeout, "tombstones"};
    }
    return std::nullopt;
  };
  SyncOptions sync_options = options();
  sync_options.sizing.splits_max = 1;
  ASSERT_TRUE(sync(broken, {}, sync_options).ok());
  EXPECT_LT(delivered_rows_, 200'000U);
}

TEST_P(BusyCluster, IsAskedForLessAndLaterForMoreAgain) {
  tables_["big"] = table_of(40'000, false);
  FakeSourceOptions busy;
  int asked = 0;
  busy.fault = [&](const ScanRequest& request) -> std::optional<Error> {
    if (request.page_limit != 0 || ++asked < 40 || asked >= 48) return std::nullopt;
    clock_.advance_ms(1100);
    return Error{GetParam(), "too much"};
  };
  SyncOptions sync_options = options();
  sync_options.page_rows_max = 400;
  sync_options.in_flight_max = 8;
  sync_options.sizing.splits_max = 400;
  ASSERT_TRUE(sync(busy, {}, sync_options).ok());
  uint32_t least = 400;
  for (const ScanRequest& request : requests_) {
    if (request.page_limit == 0) least = std::min(least, request.page_rows_max);
  }
  EXPECT_EQ(least, 50U);
  EXPECT_EQ(requests_.back().page_rows_max, 400U);
  const auto full = std::find(scans_at_once_.begin(), scans_at_once_.end(), 8U);
  ASSERT_NE(full, scans_at_once_.end());
  const auto fewest = std::min_element(full, scans_at_once_.end());
  EXPECT_EQ(*fewest, 1U);
  EXPECT_EQ(*std::max_element(fewest, scans_at_once_.end()), 8U);
  expect_equal_to_source();
}

TEST_F(Engine, RangesBehindOneThatGetsNowhereAreReadMeanwhile) {
  tables_["big"] = table_of(4000, false);
  SyncOptions sync_options = options();
  sync_options.in_flight_max = 2;
  sync_options.retry.delay_first_ms = 200;
  const auto summary = sync(with_lost_node(), {}, sync_options);
  ASSERT_TRUE(summary.ok());
  ASSERT_TRUE(summary->tables[0].error.has_value());
  const std::string message = summary->tables[0].error->message;
  EXPECT_NE(message.find("token range ("), std::string::npos) << message;
  EXPECT_NE(message.find("no replica is alive"), std::string::npos) << message;
  uint64_t readable = 0;
  for (const auto& [id, row] : tables_["big"].rows) {
    const auto holds = [&, token = testing::token_of_id(id)](const ScanRequest& request) {
      return is_of_lost_node(request) && request.range.start < token && token <= request.range.end;
    };
    readable += std::none_of(requests_.begin(), requests_.end(), holds) ? 1 : 0;
  }
  EXPECT_GT(readable, 1000U);
  EXPECT_LT(readable, 4000U);
  EXPECT_GE(delivered_rows_, readable);
  const uint64_t before = delivered_rows_;
  ASSERT_TRUE(sync().ok());
  EXPECT_EQ(before + delivered_rows_, 4000U);
  expect_equal_to_source();
}

TEST_F(Engine, ANodeThatRefusesTheLogInWhileItComesUpCostsNothingButTime) {
  tables_["big"] = table_of(2000, false);
  FakeSourceOptions coming_up;
  int refusals = 0;
  coming_up.fault = [&](const ScanRequest& request) -> std::optional<Error> {
    if (request.page_limit != 0 || ++refusals > 30) return std::nullopt;
    return Error{ErrorCode::kAuth, "no such role"};
  };
  const auto summary = sync(coming_up);
  ASSERT_TRUE(summary.ok());
  EXPECT_FALSE(summary->tables[0].error);
  EXPECT_GT(refusals, 30);
  expect_equal_to_source();
  // Credentials that are no good any more end it, as what they are.
  coming_up.fault = [](const ScanRequest&) { return Error{ErrorCode::kAuth, "no such role"}; };
  const auto locked_out = sync(coming_up);
  ASSERT_TRUE(locked_out.ok());
  ASSERT_TRUE(locked_out->tables[0].error.has_value());
  EXPECT_EQ(locked_out->tables[0].error->code, ErrorCode::kAuth);
  EXPECT_LT(took_ms_, kBoundedMs);
}

TEST_F(Engine, TablesThatEachHaveUnreadableRangesEndInBoundedTimeTogether) {
  for (const char* name : {"a", "b", "c", "d", "e"}) tables_[name] = table_of(4000, false);
  SyncOptions sync_options = options();
  sync_options.in_flight_max = 2;
  sync_options.retry.delay_first_ms = 200;
  const auto summary = sync(with_lost_node(), {}, sync_options);
  ASSERT_TRUE(summary.ok());
  for (const TableSummary& table : summary->tables) EXPECT_TRUE(table.error) << table.name;
  EXPECT_GE(took_ms_, sync_options.retry.give_up_after_ms);
  EXPECT_LT(took_ms_, kBoundedMs);
  ASSERT_TRUE(sync().ok());
  expect_equal_to_source();
}

TEST_F(Engine, AScanThatGetsNoAnswerIsGivenUpWhenTheTimeToTryAgainIsOver) {
  tables_["big"] = table_of(2000, false);
  FakeSourceOptions silent;
  int failures = 0;
  silent.fault = [&](const ScanRequest& request) -> std::optional<Error> {
    if (request.page_limit != 0 || ++failures > 40) return std::nullopt;
    return Error{ErrorCode::kTimeout, "no answer"};
  };
  silent.hangs = [&](const ScanRequest& request) {
    return request.page_limit == 0 && failures >= 40;
  };
  const auto summary = sync(silent);
  ASSERT_TRUE(summary.ok());
  ASSERT_TRUE(summary->tables[0].error.has_value());
  EXPECT_NE(summary->tables[0].error->message.find("no answer"), std::string::npos);
  EXPECT_GE(took_ms_, options().retry.give_up_after_ms);
  EXPECT_LT(took_ms_, options().retry.give_up_after_ms + 20'000);
  ASSERT_TRUE(sync().ok());
  expect_equal_to_source();
}

TEST_F(Engine, AScanThatFailsAsksForFewerRows) {
  tables_["big"] = table_of(10'000, false);
  FakeSourceOptions flaky;
  int failures = 0;
  flaky.fault = [&](const ScanRequest& request) -> std::optional<Error> {
    if (request.page_limit != 0 || failures == 3) return std::nullopt;
    ++failures;
    return Error{ErrorCode::kConnect, "the node died of it"};
  };
  SyncOptions sync_options = options();
  sync_options.in_flight_max = 1;
  sync_options.page_rows_max = 1000;
  ASSERT_TRUE(sync(flaky, {}, sync_options).ok());
  uint32_t least = 1000;
  for (const ScanRequest& request : requests_) {
    if (request.page_limit == 0) least = std::min(least, request.page_rows_max);
  }
  EXPECT_EQ(least, 64U);
  expect_equal_to_source();
}

TEST_F(Engine, AScanThatBringsHardlyARowStillLeavesItsPositions) {
  tables_["orders"] = table_of(3000, true);
  ASSERT_TRUE(sync().ok());
  for (int64_t id = 0; id < 3000; ++id) {
    tables_["orders"].rows[id] = {-id, clock_.wall_us() / 1000 + 1};
  }
  FakeSourceOptions slow;
  slow.after_page = [&] { clock_.advance_ms(600); };
  FakeSinkOptions crash;
  crash.crash_after_calls = 40;
  SyncOptions sync_options = options();
  sync_options.checkpoint_interval_rows = 1'000'000;
  ASSERT_FALSE(sync(slow, crash, sync_options).ok());
  ASSERT_TRUE(destination_.state.has_value());
  const auto state = decode_state(destination_.state->json);
  ASSERT_TRUE(state.ok());
  const auto& run = state->tables.at("orders").run;
  ASSERT_TRUE(run.has_value());
  EXPECT_FALSE(run->done.empty() && run->active.empty());
  ASSERT_TRUE(sync().ok());
  expect_equal_to_source();
}

TEST_F(Engine, ATableThatTheKeyspaceLostIsForgottenAndItsRowsStay) {
  tables_["orders"] = table_of(10, true);
  tables_["other"] = table_of(10, true);
  ASSERT_TRUE(sync().ok());
  tables_.erase("orders");
  ASSERT_TRUE(sync().ok());
  EXPECT_EQ(destination_.tables["orders"].size(), 10U);
  EXPECT_EQ(decode_state(destination_.state->json)->tables.at("orders").table_id, "");
  tables_["orders"] = table_of(5, true);
  ASSERT_TRUE(sync().ok());
  expect_equal_to_source();
}

TEST_F(Engine, AnInterruptedSyncLeavesADurableCheckpointToGoOnFrom) {
  tables_["big"] = table_of(5000, false);
  FakeSource source(tables_, clock_, {});
  FakeSinkOptions sink_options;
  sink_options.commit_rows = 1'000'000;
  FakeSink sink(destination_, clock_, sink_options);
  SyncEngine* running = nullptr;
  FakeSourceOptions source_options;
  int pages = 0;
  source_options.after_page = [&] {
    if (++pages == 40) running->request_stop();
  };
  FakeSource stopping(tables_, clock_, source_options);
  SyncEngine engine(stopping, sink, clock_, options());
  running = &engine;
  const auto summary = engine.run();
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(summary->interrupted);
  const uint64_t before = destination_.tables["big"].size();
  EXPECT_GT(before, 1000U);
  ASSERT_TRUE(sync().ok());
  EXPECT_EQ(delivered_rows_ + before, 5000U);
  expect_equal_to_source();
}

TEST_F(Engine, ATableDroppedAndMadeAnewForgetsItsProgress) {
  tables_["orders"] = table_of(100, true);
  ASSERT_TRUE(sync().ok());
  tables_["orders"] = table_of(50, true);
  tables_["orders"].id = "table-2";
  ASSERT_TRUE(sync().ok());
  EXPECT_EQ(delivered_rows_, 50U);
  expect_equal_to_source();
}

TEST_F(Engine, ATableThatTheDestinationLostIsSyncedFromTheBeginning) {
  tables_["orders"] = table_of(100, true);
  ASSERT_TRUE(sync().ok());
  destination_.tables.erase("orders");
  const auto summary = sync();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->tables[0].run, RunKind::kFirst);
  expect_equal_to_source();
}

TEST_F(Engine, AStateOfAnotherSourceOrDamagedIsAnError) {
  tables_["orders"] = table_of(10, true);
  SyncState other;
  other.cluster = "elsewhere";
  other.keyspace = "fake";
  destination_.state = StoredState{4, encode_state(other)};
  auto summary = sync();
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ErrorCode::kStateMismatch);
  EXPECT_NE(summary.error().message.find("elsewhere"), std::string::npos);

  destination_.state = StoredState{4, "{\"ringsync\":1"};
  summary = sync();
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ErrorCode::kStateDamaged);
}

TEST_F(Engine, TheStateHandedOnIsTheOneThatBecameDurable) {
  tables_["big"] = table_of(500, false);
  SyncOptions sync_options = options();
  std::string last;
  sync_options.on_durable_state = [&](const std::string& json) {
    last = json;
    return Status{};
  };
  ASSERT_TRUE(sync({}, {}, sync_options).ok());
  ASSERT_TRUE(destination_.state.has_value());
  EXPECT_EQ(last, destination_.state->json);
}

}  // namespace
}  // namespace ringsync
