// Checks of keys against each other, once each value is right by itself. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"

namespace ringsync {

struct CrossChecks {
  std::vector<std::string> problems;  // a line each
  std::vector<std::string> warnings;
};

/// `given`: names of the keys that the file gives a value.
CrossChecks check_together(const Configuration& configuration,
                           std::span<const std::string_view> given);

}  // namespace ringsync
