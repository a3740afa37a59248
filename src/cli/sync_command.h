// `ringsync sync`: builds source and sink, runs the engine, shows progress and summary.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"

namespace ringsync {

/// Prints the summary to standard output. Returns the exit code, or the error that kept the sync
/// from its end.
Result<ExitCode> run_sync_command(const Arguments& arguments);

}  // namespace ringsync
