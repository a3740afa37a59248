// The state as one versioned JSON document (docs/state.md describes its fields). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/state.h"

namespace ringsync {

/// Version of the document that this program writes and the only one it reads.
inline constexpr int kStateVersion = 1;

std::string encode_state(const SyncState& state);

/// Error kStateVersion where the document is of an unknown version, kStateDamaged where it is
/// damaged or contradicts itself (ranges that are empty, a position outside its range); the text
/// says what to do.
Result<SyncState> decode_state(std::string_view json);

}  // namespace ringsync
