#include "sync/flow_control.h"

#include <gtest/gtest.h>

namespace ringsync {
namespace {

TEST(FlowControl, FallsByHalfOnOverloadOnceASecondAndNeverToNothing) {
  FlowControl flow(8, 4000);
  flow.on_overload(10);
  flow.on_overload(20);
  EXPECT_EQ(flow.in_flight(), 4U);
  EXPECT_EQ(flow.page_rows(), 2000U);
  for (int64_t now_ms = 2000; now_ms < 60'000; now_ms += 1500) flow.on_overload(now_ms);
  EXPECT_EQ(flow.in_flight(), 1U);
  EXPECT_EQ(flow.page_rows(), 50U);
}

TEST(FlowControl, RecoversToItsLimitsWhilePagesArrive) {
  FlowControl flow(8, 4000);
  flow.on_overload(10);
  for (int page = 0; page < 15; ++page) flow.on_page();
  EXPECT_EQ(flow.in_flight(), 4U);
  flow.on_page();
  EXPECT_EQ(flow.in_flight(), 5U);
  for (int page = 0; page < 1000; ++page) flow.on_page();
  EXPECT_EQ(flow.in_flight(), 8U);
  EXPECT_EQ(flow.page_rows(), 4000U);
}

TEST(RetryPolicy, DelaysDoubleUpToTheirLimitAndSpreadOverHalfOfIt) {
  const RetryPolicy policy;
  EXPECT_EQ(policy.delay_ms(1, 0), 200);
  EXPECT_EQ(policy.delay_ms(2, 0), 400);
  EXPECT_EQ(policy.delay_ms(40, 0), 10'000);
  for (uint64_t random = 0; random < 5000; random += 7) {
    EXPECT_GE(policy.delay_ms(3, random), 400);
    EXPECT_LE(policy.delay_ms(3, random), 800);
  }
}

}  // namespace
}  // namespace ringsync
