#include "sync/throttle.h"

#include "engine_fixture.h"

namespace ringsync {
namespace {

TEST(Throttle, RowsOverAnySpanAreTheLimitAndOnePageMoreAtMost) {
  Throttle throttle(1000, 0);
  int64_t now_ms = 0;
  uint64_t rows = 0;
  while (now_ms < 60'000) {
    if (const int64_t wait_ms = throttle.wait_ms(now_ms); wait_ms > 0) {
      now_ms += wait_ms;
      continue;
    }
    throttle.take(250, now_ms);
    rows += 250;
    ASSERT_LE(rows, static_cast<uint64_t>(now_ms) + 250);
  }
  EXPECT_GE(rows, 59'000U);
}

TEST(Throttle, AnIdleSpellSavesUpNoMoreThanATenthOfASecond) {
  Throttle throttle(1000, 0);
  throttle.take(100, 3'600'000);
  EXPECT_EQ(throttle.wait_ms(3'600'000), 0);
  throttle.take(1, 3'600'000);
  EXPECT_EQ(throttle.wait_ms(3'600'000), 1);
}

TEST(Throttle, WithoutALimitNothingWaits) {
  Throttle throttle(0, 5);
  throttle.take(1'000'000, 5);
  EXPECT_EQ(throttle.wait_ms(5), 0);
}

TEST(Throttle, PagesOnTheirWayTogetherHaveASecondsRowsAtMost) {
  for (const uint32_t limit : {1U, 3U, 10U, 100U, 1'000U, 20'000U, 100'000U, 10'000'000U}) {
    const ReadLimits limits = throttled({64, 5000, 4}, limit);
    const uint64_t pages = limits.in_flight + limits.queue_pages + 2;
    EXPECT_GE(limits.page_rows, 1U) << limit;
    EXPECT_LE(limits.page_rows * pages, std::max<uint64_t>(limit, pages)) << limit;
  }
  EXPECT_EQ(throttled({8, 5000, 4}, 10'000'000).in_flight, 8U);
}

class ThrottledEngine : public testing::EngineFixture {};

TEST_F(ThrottledEngine, TheWholeSyncKeepsToTheLimit) {
  for (const int tables : {1, 3}) tables_["t" + std::to_string(tables)] = table_of(1500, false);
  SyncOptions limited = options();
  limited.rows_per_second_max = 200;
  ASSERT_TRUE(sync({}, {}, limited).ok());
  expect_equal_to_source();
  EXPECT_GE(took_ms_, 14'500);
  EXPECT_LE(took_ms_, 20'000);
}

TEST_F(ThrottledEngine, ARequestToStopIsHeardWhileItWaits) {
  tables_["big"] = table_of(3000, false);
  SyncOptions limited = options();
  limited.rows_per_second_max = 1;
  SyncEngine* running = nullptr;
  int64_t asked_ms = 0;
  testing::FakeSourceOptions source_options;
  int pages = 0;
  source_options.after_page = [&] {
    if (++pages != 3) return;
    running->request_stop();
    asked_ms = clock_.steady_ms();
  };
  testing::FakeSource source(tables_, clock_, source_options);
  testing::FakeSink sink(destination_, clock_, {});
  SyncEngine engine(source, sink, clock_, limited);
  running = &engine;
  const auto summary = engine.run();
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(summary->interrupted);
  EXPECT_LT(clock_.steady_ms() - asked_ms, 500);
}

}  // namespace
}  // namespace ringsync
