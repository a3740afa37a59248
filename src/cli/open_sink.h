// From --to to an open sink, or to the state that the destination holds.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "cli/arguments.h"
#include "config/configuration.h"
#include "sink/sink.h"

namespace ringsync {

/// The destination that the command line names. Errors: kDriver and those of open_adbc_sink.
Result<std::unique_ptr<Sink>> open_sink(const Arguments& arguments,
                                        const Configuration& configuration, const Clock& clock);

/// The state in that destination, read without changing or making anything there; nothing where it
/// has none. Errors: kDriver and those of read_saved_state.
Result<std::optional<StoredState>> read_destination_state(const Arguments& arguments,
                                                          const Configuration& configuration);

}  // namespace ringsync
