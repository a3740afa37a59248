#include "python/core/checked_configuration.h"

#include <utility>

#include "base/log.h"
#include "config/keys.h"
#include "python/core/errors.h"

namespace ringsync::python {

Configuration configuration_of(const std::string& json) {
  ParsedConfiguration parsed =
      value_or_raise(parse_configuration(json, "configuration", process_surroundings()));
  for (const std::string& warning : parsed.warnings) log_warning("{}", warning);
  return std::move(parsed.configuration);
}

}  // namespace ringsync::python
