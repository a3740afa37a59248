// `ringsync sync`: builds source and sink, runs the engine, shows progress and summary.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"
#include "config/configuration.h"
#include "sink/sink.h"
#include "sync/options.h"

namespace ringsync {

/// The destination that the command line names. Errors: kDriver and those of open_adbc_sink.
Result<std::unique_ptr<Sink>> open_sink(const Arguments& arguments,
                                        const Configuration& configuration, const Clock& clock);

/// Takes over what the command line says instead of the configuration.
void override_configuration(const Arguments& arguments, Configuration& configuration);

/// `configuration` outlives the options.
SyncOptions sync_options(const Configuration& configuration, const Arguments& arguments);

/// Prints the summary to standard output; with --every, one after the other. Returns the exit code
/// of the last sync, or the error that kept it from its end.
Result<ExitCode> run_sync_command(const Arguments& arguments);

}  // namespace ringsync
