// What every destination does with states: durable with their rows, one writer at a time.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include "fixture.h"
#include "sink/adbc/state_row.h"

namespace ringsync {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// Another process that opens a sink and holds it, then ends without closing it.
class Child {
 public:
  explicit Child(const std::function<Result<std::unique_ptr<Sink>>()>& open) {
    EXPECT_EQ(pipe(ready_), 0);
    EXPECT_EQ(pipe(release_), 0);
    process_ = fork();
    EXPECT_GE(process_, 0);
    if (process_ == 0) {
      close(ready_[0]);
      close(release_[1]);
      const auto sink = open();
      char byte = sink.ok() ? 'y' : 'n';
      if (write(ready_[1], &byte, 1) == 1) static_cast<void>(!read(release_[0], &byte, 1));
      _exit(0);
    }
    close(ready_[1]);
    close(release_[0]);
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// True once the sink is open.
  bool holds() const {
    char opened = 0;
    return read(ready_[0], &opened, 1) == 1 && opened == 'y';
  }
  void end() {
    if (process_ < 0) return;
    close(release_[1]);
    close(ready_[0]);
    EXPECT_EQ(waitpid(process_, nullptr, 0), process_);
    process_ = -1;
  }

 private:
  int ready_[2] = {};
  int release_[2] = {};
  pid_t process_ = -1;
};

class State : public ConformanceTest {
 protected:
  /// Names of the files around a database that is one, else of schemas and tables.
  std::vector<std::string> everything_there() {
    if (GetParam() == DatabaseKind::kPostgresql) {
      return query(
          "SELECT nspname::text FROM pg_namespace UNION ALL SELECT relname::text FROM "
          "pg_class ORDER BY 1");
    }
    std::vector<std::string> names;
    const auto folder = std::filesystem::path(options_.location).parent_path();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TablePlan plan_ = plan_of("t", {{"id", TypeKind::kInt}, {"name", TypeKind::kText}});
};
RINGSYNC_ON_EVERY_DATABASE(State);

TEST_P(State, ComesBackWithItsSequence) {
  EXPECT_FALSE(must(must(open_adbc_sink(options_))->load_state()).has_value());
  state_ = R"({"name":"it's \"quoted\" \\ é {} %s"})";
  sequence_ = 41;
  {
    auto sink = must(open_adbc_sink(options_));
    EXPECT_FALSE(must(sink->load_state()).has_value());
    commit(*sink);
    commit(*sink);
  }
  const auto stored = must(must(open_adbc_sink(options_))->load_state());
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->sequence, 43U);
  EXPECT_EQ(stored->json, state_);
}

TEST_P(State, RoutineCheckpointsCommitAfterEnoughRowsOrSeconds) {
  options_.commit_rows = 3;
  options_.commit_seconds = 10;
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder two = names_page({{1, "a"}, {2, "b"}});
  deliver_page(*sink, plan_, two);
  EXPECT_FALSE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  PageBuilder one = names_page({{3, "c"}});
  deliver_page(*sink, plan_, one);
  EXPECT_TRUE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  EXPECT_FALSE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  clock_.steady += 9'999;
  EXPECT_FALSE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
  clock_.steady += 1;
  EXPECT_TRUE(must(checkpoint(*sink, CheckpointUrgency::kRoutine)));
}

TEST_P(State, IsReadAloneWithoutMakingAnything) {
  const auto before = everything_there();
  EXPECT_FALSE(must(read_saved_state(options_)).has_value());
  EXPECT_EQ(everything_there(), before);
  state_ = R"({"name":"it's \"quoted\" \\ é {} %s"})";
  sequence_ = 41;
  commit(*must(open_adbc_sink(options_)));
  const auto synced = everything_there();
  const auto stored = must(read_saved_state(options_));
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->sequence, 42U);
  EXPECT_EQ(stored->json, state_);
  options_.keyspace = "ks2";
  const auto other = read_saved_state(options_);
  ASSERT_EQ(other.ok(), quirks_.shares_keyspaces);
  if (other.ok()) {
    EXPECT_FALSE(other->has_value());
  } else {
    EXPECT_EQ(other.error().code, ErrorCode::kNameCollision);
  }
  EXPECT_EQ(everything_there(), synced);
}

TEST_P(State, OfADatabaseThatNoSyncHasWrittenToIsNone) {
  own({destination_->make_keyspace_sql(),
       "CREATE TABLE " + destination_->table("t") + " (id INTEGER)"});
  const auto before = everything_there();
  EXPECT_FALSE(must(read_saved_state(options_)).has_value());
  EXPECT_EQ(everything_there(), before);
}

TEST_P(State, ThatCannotBeReachedIsAnErrorThatNamesTheDestination) {
  if (GetParam() == DatabaseKind::kPostgresql) {
    options_.location = "postgresql://nobody:SECRET@127.0.0.1:1/none";
  } else {
    std::ofstream(options_.location) << std::string(5000, 'x');
  }
  const auto stored = read_saved_state(options_);
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code, ErrorCode::kDestination);
  EXPECT_THAT(stored.error().message,
              AllOf(HasSubstr(options_.label), testing::Not(HasSubstr("SECRET"))));
}

TEST_P(State, OfASecondKeyspaceLivesBesideTheFirstOrIsRefused) {
  state_ = "first";
  commit(*open_sink());
  options_.keyspace = "other";
  const auto second = must(open_adbc_sink(options_))->load_state();
  ASSERT_EQ(second.ok(), quirks_.shares_keyspaces);
  if (quirks_.shares_keyspaces) {
    EXPECT_FALSE(second->has_value());
  } else {
    EXPECT_EQ(second.error().code, ErrorCode::kNameCollision);
    EXPECT_THAT(second.error().message, AllOf(HasSubstr("\"ks\""), HasSubstr("\"other\""),
                                              HasSubstr("write to another destination")));
  }
}

TEST_P(State, ThatAnotherSyncChangedIsNotOverwritten) {
  const auto shared = destination_->client();
  must(shared->begin_transactions());
  const auto dialect = destination_->dialect();
  StateRow ours(*shared, *dialect, "ks");
  StateRow theirs(*shared, *dialect, "ks");
  must(ours.load());
  must(theirs.load());
  must(ours.store(1, "ours", 0));
  EXPECT_EQ(theirs.store(1, "theirs", 0).error().code, ErrorCode::kDestinationBusy);
  must(theirs.load());
  must(theirs.store(2, "theirs", 0));
  const Status refused = ours.store(2, "ours again", 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kDestinationBusy);
  EXPECT_THAT(refused.error().message, HasSubstr("another sync wrote to this destination"));
  EXPECT_EQ(must(ours.load())->json, "theirs");
}

TEST_P(State, ThatDoesNotFitTakesItsRowsWithItAndEndsTheSink) {
  PageBuilder before = names_page({{1, "a"}});
  run(plan_, before);
  auto sink = open_sink();
  must(sink->open_table(plan_));
  PageBuilder page = names_page({{1, "A"}, {2, "b"}});
  deliver_page(*sink, plan_, page);
  if (quirks_.locks_owners_out) {
    sequence_ = uint64_t{1} << 63;  // does not fit the state's sequence column
  } else {
    own({"UPDATE " + destination_->dialect()->state_table() + " SET sequence = 77"});
  }
  const auto refused = checkpoint(*sink, CheckpointUrgency::kDurable);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code,
            quirks_.locks_owners_out ? ErrorCode::kDestination : ErrorCode::kDestinationBusy);
  EXPECT_THAT(refused.error().message, HasSubstr(options_.label));
  EXPECT_EQ(sink->finish_table(plan_).error().message, refused.error().message);
  EXPECT_EQ(sink->load_state().error().message, refused.error().message);
  EXPECT_EQ(sink->open_table(plan_).error().message, refused.error().message);
  sink.reset();
  EXPECT_THAT(rows("t", {"id", "name"}), ElementsAre("1|a"));
}

TEST_P(State, ADestinationThatAnotherSyncHoldsIsBusy) {
  Child sync([this] { return open_adbc_sink(options_); });
  ASSERT_TRUE(sync.holds());
  const auto second = open_adbc_sink(options_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kDestinationBusy);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr(options_.label), HasSubstr("another sync")));
  sync.end();
  open_sink();
}

TEST_P(State, IsReadBesideASyncOrTheFileIsBusy) {
  Child sync([this]() -> Result<std::unique_ptr<Sink>> {
    auto sink = open_sink();
    commit(*sink);
    return sink;
  });
  ASSERT_TRUE(sync.holds());
  const auto stored = read_saved_state(options_);
  ASSERT_EQ(stored.ok(), !quirks_.locks_owners_out);
  if (stored.ok()) {
    EXPECT_EQ((*stored)->json, state_);
  } else {
    EXPECT_EQ(stored.error().code, ErrorCode::kDestinationBusy);
  }
  sync.end();
  EXPECT_EQ(must(read_saved_state(options_))->json, state_) << "of a sync that was killed";
}

}  // namespace
}  // namespace ringsync
