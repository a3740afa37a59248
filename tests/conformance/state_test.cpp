// What every destination does with states: durable with their rows, one writer at a time.
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "sink/adbc/state_row.h"

namespace ringsync {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class State : public ConformanceTest {
 protected:
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

// The child opens the destination and holds it until its end of the pipe is closed.
TEST_P(State, ADestinationThatAnotherSyncHoldsIsBusy) {
  int ready[2];
  int release[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(release), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(ready[0]);
    close(release[1]);
    auto sink = open_adbc_sink(options_);
    char byte = sink.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) == 1) static_cast<void>(!read(release[0], &byte, 1));
    _exit(0);
  }
  close(ready[1]);
  close(release[0]);
  char opened = 0;
  EXPECT_EQ(read(ready[0], &opened, 1), 1);
  EXPECT_EQ(opened, 'y');
  const auto second = open_adbc_sink(options_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kDestinationBusy);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr(options_.label), HasSubstr("another sync")));
  close(release[1]);
  close(ready[0]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  open_sink();
}

}  // namespace
}  // namespace ringsync
