#include "cli/exit_codes.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

namespace ringsync {
namespace {

TableSummary table(std::optional<ErrorCode> code = std::nullopt) {
  TableSummary summary;
  summary.finished = !code;
  if (code) summary.error = Error{*code, "it broke"};
  return summary;
}

SyncSummary sync_of(std::vector<TableSummary> tables) {
  SyncSummary summary;
  summary.tables = std::move(tables);
  return summary;
}

TEST(ExitCodes, FollowTheKindOfError) {
  EXPECT_EQ(exit_code(ErrorCode::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorCode::kConfig), 2);
  for (const ErrorCode code : {ErrorCode::kConnect, ErrorCode::kAuth, ErrorCode::kUnauthorized,
                               ErrorCode::kTls, ErrorCode::kTimeout, ErrorCode::kSchema}) {
    EXPECT_EQ(exit_code(code), 3) << to_string(code);
  }
  EXPECT_EQ(exit_code(ErrorCode::kDestination), 4);
  EXPECT_EQ(exit_code(ErrorCode::kDestinationBusy), 4);
  EXPECT_EQ(exit_code(ErrorCode::kNameCollision), 4);
  EXPECT_EQ(exit_code(ErrorCode::kUnrepresentable), 1);
  for (const ErrorCode code : {ErrorCode::kStateDamaged, ErrorCode::kStateVersion,
                               ErrorCode::kStateMismatch, ErrorCode::kStateFile}) {
    EXPECT_EQ(exit_code(code), 5) << to_string(code);
  }
  EXPECT_EQ(exit_code(ErrorCode::kInternal), 70);
  EXPECT_EQ(exit_code(ErrorCode::kCancelled), 130);
}

TEST(ExitCodes, AreAllDocumented) {
  std::set<int> documented;
  for (const auto& [code, meaning] : exit_code_meanings()) {
    EXPECT_FALSE(meaning.empty());
    documented.insert(code);
  }
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    EXPECT_TRUE(documented.contains(exit_code(static_cast<ErrorCode>(code)))) << code;
  }
}

TEST(ExitCodes, OfASyncAreZeroOnlyWhenEveryTableIsDone) {
  EXPECT_EQ(exit_code(sync_of({})), 0);
  EXPECT_EQ(exit_code(sync_of({table(), table()})), 0);
  EXPECT_EQ(exit_code(sync_of({table(), table(ErrorCode::kTimeout)})), 1);
  TableSummary unfinished;
  EXPECT_EQ(exit_code(sync_of({unfinished})), 1);
  TableSummary lossy = table();
  lossy.rows_read = 1;
  EXPECT_EQ(exit_code(sync_of({table(), lossy})), 1);
}

TEST(ExitCodes, OfASyncThatFailedWholeSayWhatFailed) {
  EXPECT_EQ(exit_code(sync_of({table(ErrorCode::kDestination), table(ErrorCode::kDestination)})),
            4);
  EXPECT_EQ(exit_code(sync_of({table(ErrorCode::kConnect), table(ErrorCode::kTimeout)})), 3);
  EXPECT_EQ(exit_code(sync_of({table(ErrorCode::kConnect), table(ErrorCode::kDestination)})), 1);
}

TEST(ExitCodes, OfAnInterruptedSyncAre130) {
  SyncSummary summary = sync_of({table(), table(ErrorCode::kTimeout)});
  summary.interrupted = true;
  EXPECT_EQ(exit_code(summary), 130);
}

}  // namespace
}  // namespace ringsync
