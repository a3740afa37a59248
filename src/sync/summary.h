// What a sync did, table by table: plain values that the engine fills at its end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/process_usage.h"
#include "base/result.h"
#include "model/table_plan.h"

namespace ringsync {

struct TableSummary {
  std::string name;
  SyncMode mode = SyncMode::kFull;
  RunKind run = RunKind::kFull;
  bool resumed = false;           // began behind a checkpoint that an earlier run left
  bool finished = false;          // read to its end; without it and without error: interrupted
  uint64_t rows_read = 0;         // by this run
  uint64_t rows_sent = 0;         // taken by the destination
  uint64_t rows_reported = 0;     // not sent, and why in the log
  uint32_t index_windows = 0;     // read by this run; 0: by scans
  uint64_t null_cursor_rows = 0;  // rows whose cursor column is NULL: no later run sees them
  /// By column: values that became NULL because the destination cannot hold them.
  std::map<std::string, uint64_t> nulled_values;
  std::optional<uint64_t> rows_deleted;  // by the sweep, where the destination can count them
  uint64_t bytes = 0;                    // of result pages
  double seconds = 0;                    // from the table's first scan to its last delivery
  std::optional<Error> error;

  /// Nothing is dropped quietly: every row read was sent or reported.
  bool reconciles() const { return rows_read == rows_sent + rows_reported; }
};

struct SyncSummary {
  std::vector<TableSummary> tables;
  ProcessUsage process;      // filled by the front door
  double seconds = 0;        // the whole sync
  bool interrupted = false;  // ended on request, after a durable checkpoint
};

}  // namespace ringsync
