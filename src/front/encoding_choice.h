// From the configuration to what the encoders of Arrow batches need of it: what the front doors
// share. Thread rule: pure functions.
#pragma once

#include "config/configuration.h"
#include "sink/arrow/arrow_encoding.h"

namespace ringsync {

/// The user's choices, with DuckDB's limits; keeps nothing of `configuration`.
ArrowEncoding arrow_encoding(const Configuration& configuration);

}  // namespace ringsync
