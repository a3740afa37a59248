// `ringsync check`: connects, discovers and says what a sync would do, without reading a row.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"

namespace ringsync {

/// Prints the cluster and its tables to standard output. kExitTableFailed where a selected table
/// has a column that cannot be synced.
Result<ExitCode> run_check_command(const Arguments& arguments);

}  // namespace ringsync
