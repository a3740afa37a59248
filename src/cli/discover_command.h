// `ringsync discover`: lists every table of the keyspace with its columns, as a text or as JSON.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"

namespace ringsync {

/// Prints to standard output. A table that cannot be synced is marked, and no failure.
Result<ExitCode> run_discover_command(const Arguments& arguments);

}  // namespace ringsync
