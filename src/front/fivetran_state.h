// The state that Fivetran hands back to a sync, told apart: the product's own, or that of the
// original example. What the front doors to Fivetran share. Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sync/state_import.h"

namespace ringsync {

struct FivetranState {
  std::optional<std::string> own;     // a state document, damaged or not
  std::optional<StateImport> import;  // where a sync that the example began is to go on
};

/// Both are absent where the text is empty or {}: the first sync, and one after a full re-sync was
/// asked for.
FivetranState read_fivetran_state(std::string_view json);

}  // namespace ringsync
