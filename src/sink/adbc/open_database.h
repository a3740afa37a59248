// Opening a database through its ADBC driver, with errors that name it and the remedy. One function
// a database. Private to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/adbc/adbc_client.h"
#include "sink/adbc/adbc_sink.h"
#include "sink/adbc/database_file.h"
#include "sink/adbc/dialect.h"

namespace ringsync {

enum class DatabaseAccess : uint8_t {
  kWrite,  // for one sync, which holds it; a file is made where there is none
  kRead,   // beside whatever else uses it; nothing is changed and nothing made
};

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
Result<OpenDatabase> open_database(const AdbcSinkOptions& options, DatabaseAccess access);

Result<OpenDatabase> open_duckdb(const AdbcSinkOptions& options, DatabaseAccess access);
Result<OpenDatabase> open_sqlite(const AdbcSinkOptions& options, DatabaseAccess access);
Result<OpenDatabase> open_postgresql(const AdbcSinkOptions& options, DatabaseAccess access);

/// "DuckDB", "SQLite" or "PostgreSQL".
std::string_view database_name(DatabaseKind kind);
/// The end of "cannot be opened …", for errors.
std::string_view purpose_text(DatabaseAccess access);

/// What may be shown of a database's failure: nothing that repeats the statement, and of errors
/// that may quote values only the kind. kDestinationBusy where another session is in the way,
/// kDestinationAuth where a right is missing, else kDestination.
Error explain_duckdb(const DriverFailure& failure);
Error explain_sqlite(const DriverFailure& failure);
Error explain_postgresql(const DriverFailure& failure);

}  // namespace ringsync
