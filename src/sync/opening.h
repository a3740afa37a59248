// The opening of a sync: saved state, clocks, ring and schema become a planned run for each table,
// before the first page is read. Used by the engine, and by `python/core` for a sync that Spark
// carries out.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/state.h"
#include "sink/sink.h"
#include "source/source.h"
#include "sync/options.h"
#include "sync/table_run.h"

namespace ringsync {

/// What a sync begins with. May be moved: runs refer to nodes of state.tables, which stay in place.
struct OpenedSync {
  SyncState state;
  std::set<std::string> built_on;  // tables of whose rows the state that was loaded tells
  uint64_t sequence = 0;           // of the state's last stored document; 0 before the first
  Ring ring;
  std::vector<std::unique_ptr<TableRun>>
      tables;  // a table that the sink refused has failed already
};

/// Errors: those of the source; those of decode_state; kStateMismatch where the saved state is of
/// another source; kStateImport; those of import_state; what `options.select` returns.
Result<OpenedSync> open_sync(Source& source, Sink& sink, const Clock& clock,
                             const SyncOptions& options);

}  // namespace ringsync
