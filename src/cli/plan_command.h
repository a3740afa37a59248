// `ringsync plan`: what a sync would do, table by table, without doing it.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"

namespace ringsync {

/// Prints to standard output. With a destination (--to) or a copy of its state (--state) from where
/// that state left off, else as a first sync. Reads at most eight small pages a table, and changes
/// nothing. The exit code tells whether every table could be probed.
Result<ExitCode> run_plan_command(const Arguments& arguments);

}  // namespace ringsync
