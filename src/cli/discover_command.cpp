#include "cli/discover_command.h"

#include <memory>

#include "cli/discovery.h"
#include "cli/standard_streams.h"
#include "front/open_source.h"

namespace ringsync {

Result<ExitCode> run_discover_command(const Arguments& arguments) {
  RINGSYNC_ASSIGN(const Configuration configuration,
                  read_configuration(arguments.configuration_path));
  Configuration with_views = configuration;
  with_views.include_views = true;
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, open_source(with_views));
  RINGSYNC_ASSIGN(const Discovery discovery, discover(*source, configuration));
  RINGSYNC_TRY(
      print_output(arguments.json ? discovery_json(discovery) : discovery_text(discovery)));
  return kExitDone;
}

}  // namespace ringsync
