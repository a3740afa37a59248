// Exit codes: what the program tells the shell. Documented, so they keep their meaning.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "sync/summary.h"

namespace ringsync {

enum ExitCode : int {
  kExitDone = 0,
  kExitTableFailed = 1,
  kExitUsage = 2,
  kExitSource = 3,
  kExitDestination = 4,
  kExitState = 5,
  kExitInternal = 70,      // EX_SOFTWARE of sysexits.h
  kExitInterrupted = 130,  // 128 + SIGINT, as shells count
};

struct ExitCodeMeaning {
  ExitCode code;
  std::string_view meaning;
};

/// Every exit code, for help texts and documents.
std::span<const ExitCodeMeaning> exit_code_meanings();

/// The exit code of a program that ends with this error.
ExitCode exit_code(ErrorCode code);

/// The exit code of a sync that ran to its summary: 130 where it was interrupted, 0 where every
/// table is done; where none is and all failed for the same kind of reason, that one's code;
/// else 1. A finished table whose rows do not add up counts as failed.
ExitCode exit_code(const SyncSummary& summary);

}  // namespace ringsync
