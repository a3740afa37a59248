// Checks the files that a sync writes, before anything is connected to.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"

namespace ringsync {

/// Ok where destination, configuration, --state, --summary-json and --trace-pages are different
/// files, and the last three can be written, the state by replacing it. Error kUsage else.
Status check_output_files(const Arguments& arguments);

}  // namespace ringsync
