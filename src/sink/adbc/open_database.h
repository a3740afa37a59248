// Opening a database through its ADBC driver, with errors that name it and the remedy. One function
// a database. Private to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "sink/adbc/adbc_client.h"
#include "sink/adbc/adbc_sink.h"
#include "sink/adbc/database_file.h"
#include "sink/adbc/dialect.h"

namespace ringsync {

struct OpenDatabase {
  FileHold hold;                       // let go of last: closing it early drops SQLite's locks too
  std::unique_ptr<AdbcClient> client;  // with transactions begun
  std::unique_ptr<const Dialect> dialect;
  std::string label;                // for errors: the file, or the address without secrets
  std::optional<WatchedFile> file;  // where the database is one
  /// Lets the database hold rows that are wider than ordinary; null where it needs no leave.
  Status (*make_room_for_wide_rows)(AdbcClient& client) = nullptr;
};

/// Errors as open_adbc_sink().
Result<OpenDatabase> open_database(const AdbcSinkOptions& options);

Result<OpenDatabase> open_duckdb(const AdbcSinkOptions& options);
Result<OpenDatabase> open_sqlite(const AdbcSinkOptions& options);
Result<OpenDatabase> open_postgresql(const AdbcSinkOptions& options);

/// What may be shown of a database's failure: nothing that repeats the statement, and of errors
/// that may quote values only the kind. kDestinationBusy where another session is in the way,
/// kDestinationAuth where a right is missing, else kDestination.
Error explain_duckdb(const DriverFailure& failure);
Error explain_sqlite(const DriverFailure& failure);
Error explain_postgresql(const DriverFailure& failure);

}  // namespace ringsync
