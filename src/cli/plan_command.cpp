#include "cli/plan_command.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "cli/open_sink.h"
#include "cli/plan_text.h"
#include "cli/standard_streams.h"
#include "cli/state_mirror.h"
#include "cli/sync_command.h"
#include "front/open_source.h"
#include "sync/preview.h"
#include "sync/state_codec.h"

namespace ringsync {
namespace {

/// What --state or else the destination holds.
Result<std::optional<SyncState>> saved_state(const Arguments& arguments,
                                             const Configuration& configuration) {
  if (arguments.state_path) {
    RINGSYNC_ASSIGN(const StateImport file, read_state_import(*arguments.state_path));
    RINGSYNC_ASSIGN(SyncState state, decode_state(file.json));
    return std::optional<SyncState>(std::move(state));
  }
  RINGSYNC_ASSIGN(const std::optional<StoredState> stored,
                  read_destination_state(arguments, configuration));
  if (!stored) return std::optional<SyncState>();
  RINGSYNC_ASSIGN(SyncState state, decode_state(stored->json));
  return std::optional<SyncState>(std::move(state));
}

}  // namespace

Result<ExitCode> run_plan_command(const Arguments& arguments) {
  RINGSYNC_ASSIGN(const Configuration configuration,
                  read_configuration(arguments.configuration_path, arguments.keys));
  const SystemClock clock;
  RINGSYNC_ASSIGN(const std::optional<SyncState> state, saved_state(arguments, configuration));
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, open_source(configuration));
  RINGSYNC_ASSIGN(const std::vector<TablePreview> previews,
                  preview_sync(*source, state ? &*state : nullptr, clock,
                               sync_options(configuration, arguments)));
  RINGSYNC_TRY(print_output(arguments.json ? plan_json(previews) : plan_text(previews)));
  const bool failed = std::ranges::any_of(
      previews, [](const TablePreview& table) { return table.error.has_value(); });
  return failed ? kExitTableFailed : kExitDone;
}

}  // namespace ringsync
