// The sink for a DuckDB file: pages -> Arrow batches -> ADBC -> tables, committed together with the
// state that vouches for them. What a first reader of sink/adbc should read.
// Thread rule: that of Sink.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "sink/arrow/arrow_encoding.h"
#include "sink/sink.h"

namespace ringsync {

struct DuckDbOptions {
  std::string database_file;
  std::string driver_path;  // of libduckdb.so; absolute
  std::string keyspace;     // names the destination's schema and the row of saved state
  /// A routine checkpoint is committed after so many rows or seconds, whichever comes first.
  uint64_t commit_rows = 200'000;
  int64_t commit_seconds = 10;
  /// … or so many bytes of encoded pages: DuckDB keeps what is not committed, wide rows included.
  uint64_t commit_bytes = uint64_t{64} << 20;
  /// Of DuckDB's buffers while rows are of ordinary width. DuckDB must hold the rows of a row group
  /// (up to 122,880) at once to write it: once rows are wider than wide_row_bytes its own default,
  /// a share of the machine's memory, holds instead.
  uint32_t memory_limit_mib = 256;
  uint32_t wide_row_bytes = 1024;
  uint32_t threads = 1;  // of DuckDB: a second one doubled the CPU time of a load
  uint32_t wal_checkpoint_mib = 256;
  size_t pending_bytes_max = size_t{8} << 20;  // of pages held before DuckDB takes them
  ArrowEncoding encoding;
  const Clock* clock = nullptr;  // outlives the sink
};

/// Opens or makes the file. Errors: those of the file (busy, unwritable, not DuckDB's) and driver.
/// After an error of the destination the open transaction is rolled back and every later call
/// returns the same error; errors of a table's own shape (unsupported types, names, existing
/// columns of another type) leave the other tables alone.
Result<std::unique_ptr<Sink>> open_duckdb_sink(const DuckDbOptions& options);

}  // namespace ringsync
