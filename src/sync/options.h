// SyncOptions: what a front door decides about a sync. Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/table.h"
#include "model/token_range.h"
#include "plan/read_costs.h"
#include "plan/splits.h"
#include "sync/flow_control.h"
#include "sync/page_pipeline.h"
#include "sync/state_import.h"

namespace ringsync {

/// What one of several readers reads of every table: by splits of its ranges, without a probe and
/// without an index, into a sink that has no saved state.
struct ReadPart {
  std::vector<TokenRange> ranges;
  TableEstimate table;  // of the whole ring
};

struct SyncOptions {
  std::string cursor_column = "updated_at";
  int64_t lag_ms = 30'000;
  int64_t overlap_ms = 300'000;
  int64_t window_ms = int64_t{6} * 3'600'000;  // width of an index window
  bool use_indexes = true;
  ReadCosts costs;                          // by which index windows or a scan are chosen
  std::optional<int64_t> initial_start_ms;  // a first run reads only rows whose cursor is later
  std::optional<ReadPart> part;             // none: all of every table
  uint32_t rows_per_second_max = 0;         // of the whole sync; 0: no limit
  uint32_t checkpoint_interval_rows = 1000;
  int64_t checkpoint_interval_ms = 1000;           // also where hardly a row comes
  uint64_t checkpoint_bytes = uint64_t{16} << 20;  // wide rows get one earlier, at a page's end
  uint32_t page_rows_max = 5000;
  uint32_t in_flight_max = 0;  // scans at once; 0: from the cluster's nodes and shards
  uint32_t page_bytes_target = 1 << 20;
  uint32_t queue_pages = 4;
  PipelineOptions pipeline;
  SplitSizing sizing;
  RetryPolicy retry;
  uint64_t seed = 0;  // of the delays' randomness

  /// A sync that goes on where one was cut off leaves tables alone that the other had read in full
  /// to their ends. For destinations in which a read in full begins with marking all rows deleted:
  /// what has just arrived would be gone until it arrives again.
  bool keeps_done_tables = false;
  /// What the user can do where the saved state is damaged or of another source; empty: as for a
  /// destination of the user's own.
  std::string state_remedy;
  /// Where to go on in a destination that has no state.
  std::optional<StateImport> import_state;
  /// Of the names chosen, those to be read anew; an error where the user named one that is not
  /// there. A run of theirs that is under way is dropped too.
  std::function<Result<std::vector<std::string>>(const std::vector<std::string>&)> resync;
  /// Of the names found, those to be synced; an error where the user named one that is not there.
  std::function<Result<std::vector<std::string>>(const std::vector<std::string>&)> select;
  /// Of a chosen table, the names of the columns that are not sent; none where it is empty. Columns
  /// of the primary key may not be among them.
  std::function<Result<std::vector<std::string>>(const Table&)> leave_out;
  /// Of a chosen table, the types at the destination of those columns where the configuration
  /// decides. A table of which one has changed since the last sync is read anew; empty: nothing is
  /// compared.
  std::function<std::map<std::string, std::string>(const Table&)> column_types;
  /// Called with each state document that has become durable. Its error ends the sync.
  std::function<Status(const std::string& json)> on_durable_state;
};

}  // namespace ringsync
