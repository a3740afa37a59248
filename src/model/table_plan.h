// TablePlan: everything that a sync has decided about one table before its first page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/table.h"

namespace ringsync {

/// How a table is read. `kTimestamp`: rows whose cursor column is past the last sync's bound;
/// `kFull`: everything each run, rows gone from the source are soft-deleted at its end.
enum class SyncMode : uint8_t { kTimestamp, kFull };

/// Why this run reads what it reads.
enum class RunKind : uint8_t {
  kFirst,        // first (or re-) sync of a table with a cursor: everything, then a sweep; or
                 // everything past a floor, without one
  kIncremental,  // only rows past the cursor bound
  kFull,         // a table without a cursor: everything, then a sweep
};

/// Stable names, as states and summaries hold them: "timestamp", "full"; "first", "incremental",
/// "full".
std::string_view to_string(SyncMode mode);
std::string_view to_string(RunKind run);

struct TablePlan {
  Table table;                      // with the columns that are sent; the key is always among them
  bool has_static_columns = false;  // in the source, sent or not
  SyncMode mode = SyncMode::kFull;
  RunKind run = RunKind::kFull;
  std::string full_reason;                 // full mode: why not by timestamp, for the user
  std::optional<Column> unsent_cursor;     // the cursor column where it is not sent, but read
  std::optional<uint16_t> cursor_column;   // index in table_read(); timestamp mode only
  std::optional<int64_t> cursor_after_ms;  // read cursor > this (ms since epoch): incremental, or a
                                           // first run with a floor
  std::string cursor_index;                // index that may serve the bound; empty: none
  int64_t until_ms = 0;                    // the next sync's base, fixed before the first page
  int64_t run_started_us = 0;              // rows last synced before this are swept at the end
  bool columns_are_known = false;          // an earlier sync's state has the very same columns

  /// True where the run reads the whole table, so that rows not met are gone from the source.
  bool sweeps() const { return run != RunKind::kIncremental && !cursor_after_ms; }

  /// The table with the columns that pages bring: those that are sent, then `unsent_cursor`.
  Table table_read() const;
};

}  // namespace ringsync
