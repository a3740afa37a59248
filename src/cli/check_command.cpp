#include "cli/check_command.h"

#include <algorithm>
#include <memory>

#include "cli/discovery.h"
#include "cli/standard_streams.h"
#include "front/open_source.h"

namespace ringsync {

Result<ExitCode> run_check_command(const Arguments& arguments) {
  RINGSYNC_ASSIGN(const Configuration configuration,
                  read_configuration(arguments.configuration_path));
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, open_source(configuration));
  RINGSYNC_ASSIGN(const Discovery discovery, discover(*source, configuration));
  RINGSYNC_TRY(print_output(check_text(discovery)));
  const bool all_supported = std::ranges::none_of(
      discovery.tables,
      [](const DiscoveredTable& table) { return table.is_selected && table.error.has_value(); });
  return all_supported ? kExitDone : kExitTableFailed;
}

}  // namespace ringsync
