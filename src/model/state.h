// SyncState: what a sync knows of every table between runs and inside one. Stored in the
// destination as one JSON document (sync/state_codec.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/table_plan.h"
#include "model/token_range.h"

namespace ringsync {

/// How far a split has come: everything up to `reached` is delivered, what follows begins at
/// `paging_state`.
struct ScanPosition {
  TokenRange range;           // as it was sent to the server; the paging state depends on it
  Token reached = kTokenMin;  // token of the last delivered row
  std::vector<uint8_t> paging_state;  // the server's own bookmark

  bool operator==(const ScanPosition&) const = default;
};

/// A run of one table under way: a resume goes on from here with the same bounds.
struct RunState {
  RunKind kind = RunKind::kFull;
  int64_t until_ms = 0;
  std::optional<int64_t> cursor_after_ms;  // of a read by index windows: start of the current one
  std::optional<int64_t> window_end_ms;    // end of the current index window; none: no upper bound
  int64_t started_us = 0;
  std::string paging_fingerprint;    // what the paging states below were made for
  std::vector<TokenRange> done;      // sorted, merged: read within the bounds and delivered
  std::vector<ScanPosition> active;  // sorted by range; outside `done`
  /// False until the run's first page is there: it is not stored before (Sink::begin_table).
  bool has_begun = true;

  bool operator==(const RunState&) const = default;
};

struct TableState {
  std::string table_id;
  SyncMode mode = SyncMode::kFull;
  std::string key_fingerprint;       // of the primary key: a change begins the table anew
  std::string columns_fingerprint;   // of all columns: a change begins the run anew
  std::string cursor_column;         // timestamp mode: another one begins the table anew
  std::vector<std::string> columns;  // names of those that are sent, in the table's order
  /// Left out, or once there: the destination lacks values of theirs, so that one that is sent
  /// (again) begins the table anew.
  std::vector<std::string> dropped_columns;
  /// Types at the destination of columns where the configuration decides: a change begins the table
  /// anew.
  std::map<std::string, std::string> column_types;
  std::optional<int64_t> cursor_ms;  // base of the next incremental run; set by a complete one
  std::optional<int64_t> floor_ms;   // rows with a later cursor only were ever read; none: all
  int64_t last_run_started_us = 0;   // keeps run starts rising when the clock steps back
  std::optional<RunState> run;

  bool operator==(const TableState&) const = default;
};

struct SyncState {
  std::string cluster;
  std::string keyspace;
  std::map<std::string, TableState> tables;
  /// While a sync is under way: tables that it has read in full, to their ends
  /// (SyncOptions::keeps_done_tables).
  std::set<std::string> done_tables;

  bool operator==(const SyncState&) const = default;
};

}  // namespace ringsync
