// The state as one versioned JSON document (docs/state.md describes its fields). Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/state.h"

namespace ringsync {

/// Version of the document that this program writes and the only one it reads.
inline constexpr int kStateVersion = 1;

/// What helps against a damaged state in a destination of the user's own.
inline constexpr std::string_view kRestoreState =
    "Restore the destination from a backup, or write to a new destination to sync everything again";

std::string encode_state(const SyncState& state);

/// Makes the same document again and again while few of many tables change, as a checkpoint each
/// thousand rows needs it: what has not changed is not encoded again. One sync's own.
class StateEncoder {
 public:
  /// As encode_state, where the tables named in `changed` are the only ones that may have changed
  /// since the last call.
  std::string encode(const SyncState& state, const std::set<std::string>& changed);

 private:
  std::map<std::string, std::string> encoded_;  // members of "tables" by the table's name
};

/// Error kStateVersion where the document is of an unknown version, kStateDamaged where it is
/// damaged or contradicts itself (ranges that are empty, a position outside its range); the text
/// ends with `remedy`, what to do.
Result<SyncState> decode_state(std::string_view json, std::string_view remedy = kRestoreState);

}  // namespace ringsync
