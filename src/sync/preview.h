// What a sync would do, table by table, found out without a destination and without a row kept: for
// `ringsync plan`. Reads at most eight small pages a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/state.h"
#include "model/table_plan.h"
#include "plan/splits.h"
#include "source/source.h"
#include "sync/options.h"

namespace ringsync {

/// How the rows of a run are found.
enum class ReadMethod : uint8_t {
  kWholeTable,    // every row, by splits of the ring
  kFilteredScan,  // the server filters the whole table for rows past the bound, by splits
  kIndexWindows,  // an index leads to the rows past the bound, window after window
};
/// Stable names: "whole table", "filtered scan", "index windows".
std::string_view to_string(ReadMethod method);

/// What a table's mode cannot see.
enum class BlindSpot : uint8_t {
  kDeletedRows,     // rows deleted or expired at the source stay in the destination
  kNullCursors,     // rows whose cursor is NULL are not seen after the first sync
  kLateWrites,      // rows that become visible later than lag and overlap together are missed
  kStaticColumns,   // a static column's change moves no row's cursor
  kBeforeTheFloor,  // rows not past initial_sync_start are left out
};
/// One sentence, without its full stop.
std::string_view to_string(BlindSpot blind_spot);

/// Estimates of the two ways to read past a bound; only where an index could serve it.
struct MethodEstimate {
  std::string index;     // its name
  uint64_t windows = 0;  // at most so many
  double index_seconds = 0;
  double scan_seconds = 0;
};

struct TablePreview {
  TablePlan plan;         // mode, run and bounds
  std::string reason;     // of mode and run, for the user
  bool resumes = false;   // goes on behind a checkpoint of an earlier run
  double done_share = 0;  // of the ring, 0 to 1, by that run

  ReadMethod method = ReadMethod::kWholeTable;
  std::string method_reason;                // for the user
  std::optional<MethodEstimate> estimates;  // what the choice rests on
  std::vector<std::string> statements;      // as they are sent, `?` for the bounds
  uint64_t splits = 0;                      // scans to be made; of one window where by index
  TableEstimate table;                      // of the whole table, whatever the bounds
  bool table_is_exact = false;              // the probe came to its end

  std::vector<BlindSpot> blind_spots;
  std::vector<std::string> helpful_cql;  // statements that would make syncs see more or cost less

  std::optional<Error> error;  // why the table could not be probed: the sync would meet the same
};

/// `state`: of the destination; null where there is none. Tables that `options.resync` names are
/// previewed as they would be read anew. Errors: those of the source, of `options.select` and
/// `options.resync`; kStateMismatch where `state` is of another source.
Result<std::vector<TablePreview>> preview_sync(Source& source, const SyncState* state,
                                               const Clock& clock, const SyncOptions& options);

}  // namespace ringsync
