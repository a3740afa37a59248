// The state mirror: a file copy of the state that the destination holds, for people and for
// back-ups. The destination's own copy alone counts.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "sink/sink.h"
#include "sync/state_import.h"

namespace ringsync {

/// The file of --import-state, unchecked. Error kStateFile where it cannot be read.
Result<StateImport> read_state_import(const std::string& path);

/// Ok where `path` does not exist yet, or holds a state of the same source as the destination's.
/// Error kStateFile where it cannot be read, those of decode_state, and kStateMismatch where it is
/// of another source, or the destination has no state: then the mirror's destination is gone, and a
/// sync would quietly begin from nothing.
Status check_state_mirror(const std::string& path, const std::optional<StoredState>& stored);

/// Replaces the file in one step: a reader sees the old document or the new one, whole. Only the
/// owner may read it.
/// Error kStateFile where it cannot be written.
Status write_state_mirror(const std::string& path, const std::string& json);

}  // namespace ringsync
