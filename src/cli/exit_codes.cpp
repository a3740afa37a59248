#include "cli/exit_codes.h"

#include <array>
#include <optional>

namespace ringsync {
namespace {

constexpr std::array<ExitCodeMeaning, 8> kMeanings{{
    {kExitDone, "done"},
    {kExitTableFailed, "at least one table failed; the others are done"},
    {kExitUsage, "the command line or the configuration is wrong; nothing was started"},
    {kExitSource, "the source: connection, log-in, rights or schema"},
    {kExitDestination, "the destination cannot be used, or another sync holds it"},
    {kExitState, "the saved state is damaged or belongs to another source"},
    {kExitInternal, "a defect of Ringsync"},
    {kExitInterrupted, "interrupted; the next sync goes on from the last checkpoint"},
}};

}  // namespace

std::span<const ExitCodeMeaning> exit_code_meanings() { return kMeanings; }

ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
    case ErrorCode::kConfig: return kExitUsage;
    case ErrorCode::kConnect:
    case ErrorCode::kAuth:
    case ErrorCode::kUnauthorized:
    case ErrorCode::kTls:
    case ErrorCode::kUnavailable:
    case ErrorCode::kOverloaded:
    case ErrorCode::kTimeout:
    case ErrorCode::kInvalidQuery:
    case ErrorCode::kSchema:
    case ErrorCode::kSchemaChanged:
    case ErrorCode::kBadPagingState:
    case ErrorCode::kMalformed: return kExitSource;
    case ErrorCode::kUnsupportedType:
    case ErrorCode::kUnrepresentable: return kExitTableFailed;
    case ErrorCode::kDestination:
    case ErrorCode::kDestinationBusy: return kExitDestination;
    case ErrorCode::kState: return kExitState;
    case ErrorCode::kCancelled: return kExitInterrupted;
    case ErrorCode::kInternal: return kExitInternal;
  }
  return kExitInternal;
}

ExitCode exit_code(const SyncSummary& summary) {
  if (summary.interrupted) return kExitInterrupted;
  bool any_done = false;
  bool any_mismatch = false;
  std::optional<ExitCode> failure;  // of the failed tables, while they agree
  for (const TableSummary& table : summary.tables) {
    if (!table.error) {
      any_mismatch = any_mismatch || !table.reconciles() || !table.finished;
      any_done = true;
      continue;
    }
    const ExitCode code = exit_code(table.error->code);
    failure = failure.value_or(code) == code ? code : kExitTableFailed;
  }
  if (!failure) return any_mismatch ? kExitTableFailed : kExitDone;
  return any_done ? kExitTableFailed : *failure;
}

}  // namespace ringsync
