// An error in the JSON that commands print for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "base/result.h"

namespace ringsync {

/// {"code", "message"}, or null where nothing failed.
inline nlohmann::ordered_json error_json(const std::optional<Error>& error) {
  if (!error) return nullptr;
  return {{"code", to_string(error->code)}, {"message", error->message}};
}

}  // namespace ringsync
