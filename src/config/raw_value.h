// RawValue: the value of one key as it stands in the file, environment variables put in, before its
// key reads it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/environment.h"

namespace ringsync {

struct RawValue {
  enum class Form : uint8_t { kAbsent, kText, kNumber, kBoolean, kArray, kUnusable };

  Form form = Form::kAbsent;           // null counts as absent; no key takes what is unusable
  std::string text;                    // of texts, whole numbers and booleans
  std::vector<std::string> items;      // of arrays, which hold texts only
  bool from_environment = false;       // may not be shown
  std::optional<std::string> problem;  // what is wrong with its variables
};

/// The value of a key; `value` may be null where the key is not there. Without a `lookup` texts are
/// taken as they are.
RawValue raw_value(const nlohmann::json* value, const VariableLookup& lookup);

}  // namespace ringsync
