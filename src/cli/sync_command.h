// `ringsync sync`: builds source and sink, runs the engine, shows progress and summary.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"
#include "config/configuration.h"
#include "sync/options.h"

namespace ringsync {

/// `configuration` outlives the options.
SyncOptions sync_options(const Configuration& configuration, const Arguments& arguments);

/// Prints the summary to standard output; with --every, one after the other. Returns the exit code
/// of the last sync, or the error that kept it from its end.
Result<ExitCode> run_sync_command(const Arguments& arguments);

}  // namespace ringsync
