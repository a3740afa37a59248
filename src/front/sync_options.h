// From a configuration to the engine's options: what the front doors share.
// Thread rule: pure functions.
#pragma once

#include "config/configuration.h"
#include "sync/options.h"

namespace ringsync {

/// What the configuration says of a sync; its tables are chosen by select_tables().
/// `configuration` outlives the options.
SyncOptions sync_options(const Configuration& configuration);

}  // namespace ringsync
