// The engine with encode workers over real time: the same result as on one thread.
#include "base/clock.h"
#include "engine_fixture.h"

namespace ringsync {
namespace {

using testing::FakeSink;
using testing::FakeSource;

class EngineThreads : public testing::EngineFixture {};

TEST_F(EngineThreads, WorkersInThreadsGiveTheSameResult) {
  tables_["big"] = table_of(20'000, false);
  tables_["orders"] = table_of(3'000, true);
  SyncOptions sync_options = options();
  sync_options.pipeline.workers = 4;
  sync_options.pipeline.bytes_max = 5'000;
  SystemClock clock;
  FakeSource source(tables_, clock, {});
  FakeSink sink(destination_, clock, {});
  SyncEngine engine(source, sink, clock, sync_options);
  const auto summary = engine.run();
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(sink.delivered_rows(), 23'000U);
  expect_equal_to_source();
}

}  // namespace
}  // namespace ringsync
