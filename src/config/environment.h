// Environment variables in values of the configuration: "${NAME}" becomes the variable's value.
// Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringsync {

/// The value of an environment variable; none where it is not set.
using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

struct ExpandedText {
  std::string text;
  bool from_environment = false;  // holds the value of a variable: shown nowhere
};

/// `text` with each "${NAME}" replaced by the variable's value, which is not looked into again, and
/// each "$${" by "${". Another `$` stands for itself. Error kConfig where a variable is not set or
/// empty, or "${" is followed by no name in braces; it says only what is wrong and what to do.
Result<ExpandedText> expand_variables(std::string_view text, const VariableLookup& lookup);

}  // namespace ringsync
