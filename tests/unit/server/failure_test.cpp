#include "server/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace ringsync {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Failure, IsATaskOnlyWhereTheUserAloneCanHelp) {
  for (const ErrorEntry& entry : error_catalogue()) {
    const bool expected = entry.code == ErrorCode::kAuth ||
                          entry.code == ErrorCode::kUnauthorized || entry.id.starts_with("state_");
    EXPECT_EQ(needs_user(entry.code), expected) << entry.id;
  }
}

TEST(Failure, HasAStatusThatSaysWhetherToTryAgain) {
  EXPECT_EQ(failure_status({ErrorCode::kConfig, ""}).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(failure_status({ErrorCode::kSelection, ""}).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(failure_status({ErrorCode::kRequest, ""}).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(failure_status({ErrorCode::kBusy, ""}).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(failure_status({ErrorCode::kAuth, ""}).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(failure_status({ErrorCode::kSchema, ""}).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(failure_status({ErrorCode::kInternal, ""}).error_code(), grpc::StatusCode::INTERNAL);
  for (const ErrorEntry& entry : error_catalogue()) {
    const auto status = failure_status({entry.code, "m"});
    EXPECT_FALSE(status.ok()) << entry.id;
    EXPECT_EQ(status.error_code() == grpc::StatusCode::UNAVAILABLE,
              entry.may_pass || entry.code == ErrorCode::kShuttingDown)
        << entry.id;
    EXPECT_EQ(status.error_message(), "error[" + std::string(entry.id) + "]: m");
  }
}

TEST(Failure, IsShortenedToWhatAHeaderHoldsBetweenTwoCharacters) {
  std::string text;
  while (text.size() < 10'000) text += "aé";
  const std::string message = failure_status({ErrorCode::kConfig, text}).error_message();
  EXPECT_LT(message.size(), 2500U);
  EXPECT_THAT(message, AllOf(StartsWith("error[config]: aé"), EndsWith("…")));
  EXPECT_THAT(message, Not(HasSubstr("\xC3…")));
}

TEST(Failure, IsToldWithWhatHelps) {
  EXPECT_THAT(failure_text({ErrorCode::kAuth, "the node refused \"reader\""}),
              AllOf(HasSubstr("error[auth]: the node refused"), HasSubstr("Check `username`")));
  EXPECT_THAT(failure_text({ErrorCode::kStateDamaged, "x"}), HasSubstr("full re-sync"));
}

}  // namespace
}  // namespace ringsync
