// The sink for databases: pages -> Arrow batches -> ADBC -> tables, committed together with the
// state that vouches for them. What a first reader of sink/adbc should read. Thread rule: that of
// Sink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "sink/arrow/arrow_encoding.h"
#include "sink/sink.h"

namespace ringsync {

enum class DatabaseKind : uint8_t { kDuckDb, kSqlite, kPostgresql };

/// The file name of the database's driver, which lies beside the program.
std::string_view driver_file(DatabaseKind kind);

struct AdbcSinkOptions {
  DatabaseKind kind = DatabaseKind::kDuckDb;
  std::string location;     // a file; for PostgreSQL a URI as libpq reads it, secrets included
  std::string label;        // the location as errors may show it
  std::string driver_path;  // of the driver's shared object; absolute
  std::string keyspace;     // names the destination's schema and the row of saved state
  /// What the user chose; its limits are replaced by the database's.
  ArrowEncoding encoding;
  /// A routine checkpoint is committed after so many rows or seconds, whichever comes first. 0:
  /// 200,000 rows, and more where a merge passes over a large table, however few rows it brings.
  uint64_t commit_rows = 0;
  int64_t commit_seconds = 10;
  /// … or so many bytes of encoded pages: a database keeps what is not committed, wide rows
  /// included.
  uint64_t commit_bytes = uint64_t{64} << 20;
  size_t pending_bytes_max = size_t{8} << 20;  // of pages held before the database takes them
  uint32_t wide_row_bytes = 1024;              // rows beyond it may need more of DuckDB's memory
  uint32_t memory_limit_mib = 256;             // of DuckDB while rows are of ordinary width
  const Clock* clock = nullptr;                // outlives the sink
};

/// Connects to the database or opens its file, which is made where there is none. Errors: kConfig
/// for options that cannot be, kDestinationBusy where another sync holds it, else kDestination.
/// After an error of the destination the open transaction is rolled back and every later call
/// returns the same error; errors of a table's own shape (unsupported types, names, existing
/// columns of another type, another primary key) leave the other tables alone.
Result<std::unique_ptr<Sink>> open_adbc_sink(const AdbcSinkOptions& options);

/// The state that a sync of `options.keyspace` would go on from; nothing where the database's file
/// or its saved state is not there. Changes, makes and locks nothing; only DuckDB keeps a sync out
/// meanwhile, and is kept out by one (kDestinationBusy). Errors as open_adbc_sink() and
/// load_state().
Result<std::optional<StoredState>> read_saved_state(const AdbcSinkOptions& options);

}  // namespace ringsync
