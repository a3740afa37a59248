#include "cli/exit_codes.h"

#include <array>
#include <optional>

#include "base/error_catalogue.h"

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
  switch (catalogue_entry(code).kind) {
    case ErrorClass::kUsage: return kExitUsage;
    case ErrorClass::kSource: return kExitSource;
    case ErrorClass::kTable: return kExitTableFailed;
    case ErrorClass::kDestination: return kExitDestination;
    case ErrorClass::kState: return kExitState;
    case ErrorClass::kInterrupted: return kExitInterrupted;
    case ErrorClass::kInternal: return kExitInternal;
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
