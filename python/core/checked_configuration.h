// The configuration as Python hands it over. With the GIL only.
#pragma once

#include <string>

#include "config/configuration.h"

namespace ringsync::python {

/// Checks it and logs its warnings. Raises ConfigurationError.
Configuration configuration_of(const std::string& json);

}  // namespace ringsync::python
