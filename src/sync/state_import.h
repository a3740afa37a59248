// The import of a state that another destination or another program left: where a first sync into a
// new place is to go on. Before the data path. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/state.h"
#include "model/table.h"
#include "source/source.h"

namespace ringsync {

/// A document to be imported.
struct StateImport {
  std::string origin;  // names it in messages: the file's path
  std::string json;
};

struct ImportedState {
  SyncState state;
  /// True where the document is Ringsync's own: it vouches for rows that the destination must have.
  /// Else it is {"<table>": {"last_updated_at": "YYYY-MM-DD HH:MM:SS"}}, and the rows are
  /// elsewhere.
  bool vouches_for_rows = false;
  std::vector<std::string> warnings;  // a line each
};

/// Reads a copy of Ringsync's state, or the state of the Fivetran example for ScyllaDB, whose times
/// may have a fraction and an offset from UTC and are in UTC without one. Tables that the keyspace
/// does not have, and those that cannot be read by `cursor_column`, are warned about and left out.
/// Error kStateFile where the document is neither or is damaged, kStateVersion and kStateMismatch
/// as for any state.
Result<ImportedState> import_state(const StateImport& document, const SourceIdentity& identity,
                                   const Keyspace& keyspace, const std::string& cursor_column);

}  // namespace ringsync
