#include "cli/open_sink.h"

#include <filesystem>
#include <string>

#include "cli/driver_file.h"
#include "front/encoding_choice.h"
#include "sink/adbc/adbc_sink.h"
#include "sink/null/null_sink.h"

namespace ringsync {
namespace {

/// The database's kind and place. Error kConfig where the environment lacks a variable.
Result<AdbcSinkOptions> database_of(const Destination& destination) {
  AdbcSinkOptions options;
  options.location = options.label = destination.path;
  if (destination.kind == DestinationKind::kSqlite) options.kind = DatabaseKind::kSqlite;
  if (!destination.postgresql) return options;
  options.kind = DatabaseKind::kPostgresql;
  options.label = destination.postgresql->label();
  RINGSYNC_ASSIGN(options.location, destination.postgresql->uri(process_surroundings().variable));
  return options;
}

/// All but the clock.
Result<AdbcSinkOptions> sink_options(const Arguments& arguments,
                                     const Configuration& configuration) {
  RINGSYNC_ASSIGN(AdbcSinkOptions options, database_of(arguments.destination));
  options.keyspace = configuration.keyspace;
  options.encoding = arrow_encoding(configuration);
  options.commit_rows = configuration.commit_rows;
  options.commit_seconds = configuration.commit_seconds;
  RINGSYNC_ASSIGN(const std::filesystem::path program, program_path());
  RINGSYNC_ASSIGN(options.driver_path, find_driver(arguments.driver_path, program,
                                                   std::string(driver_file(options.kind))));
  return options;
}

}  // namespace

Result<std::unique_ptr<Sink>> open_sink(const Arguments& arguments,
                                        const Configuration& configuration, const Clock& clock) {
  if (arguments.destination.kind == DestinationKind::kNull) {
    return std::unique_ptr<Sink>(std::make_unique<NullSink>());
  }
  RINGSYNC_ASSIGN(AdbcSinkOptions options, sink_options(arguments, configuration));
  options.clock = &clock;
  return open_adbc_sink(options);
}

Result<std::optional<StoredState>> read_destination_state(const Arguments& arguments,
                                                          const Configuration& configuration) {
  if (arguments.destination.kind == DestinationKind::kNull) return std::optional<StoredState>();
  RINGSYNC_ASSIGN(const AdbcSinkOptions options, sink_options(arguments, configuration));
  return read_saved_state(options);
}

}  // namespace ringsync
