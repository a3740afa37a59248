// `ringsync serve`: offers Fivetran's source connector on a port until a signal ends it.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"

namespace ringsync {

/// Returns after SIGTERM or SIGINT, once the syncs under way have ended behind a checkpoint; a
/// second signal ends the process at once. Call it before any other thread is started.
Result<ExitCode> run_serve_command(const Arguments& arguments);

}  // namespace ringsync
