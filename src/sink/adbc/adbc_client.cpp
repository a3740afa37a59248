#include "sink/adbc/adbc_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "arrow-adbc/adbc_driver_manager.h"
#include "nanoarrow/nanoarrow.h"

namespace ringsync {
namespace {

/// Kinds of DuckDB's errors that speak of files, tables and memory. The others may quote values.
constexpr std::array<std::string_view, 14> kPlainErrors = {
    "Binder",     "Catalog",  "Connection",         "Dependency",      "FATAL",
    "INTERNAL",   "IO",       "Interrupt",          "Not implemented", "Out of Memory",
    "Permission", "Settings", "TransactionContext", "Transaction"};

/// Words of errors that quote values, wherever they stand.
constexpr std::array<std::string_view, 5> kQuotingWords = {"uplicate key", "onstraint", "onversion",
                                                           "at or near", "Failed to execute query"};

/// The driver's message as it may be shown: its first line (what follows repeats the statement),
/// and of errors that may quote values only the kind.
std::string without_values(std::string message) {
  constexpr std::string_view kKindEnd = " Error: ";
  constexpr std::string_view kCommit = "Failed to execute query \"COMMIT\": ";
  message.resize(std::min(message.find('\n'), message.size()));
  if (message.compare(0, kCommit.size(), kCommit) == 0) message.erase(0, kCommit.size());
  const size_t kind_end = message.find(kKindEnd);
  const std::string kind = message.substr(0, kind_end);
  const bool is_classed = kind_end != std::string::npos && kind.find(':') == std::string::npos;
  const bool is_plain = !is_classed || std::find(kPlainErrors.begin(), kPlainErrors.end(), kind) !=
                                           kPlainErrors.end();
  // A plain error may carry another one inside: "Failed to commit: … duplicate key "7"".
  const bool quotes_inside = std::any_of(
      kQuotingWords.begin(), kQuotingWords.end(),
      [&message](std::string_view word) { return message.find(word) != std::string::npos; });
  if (is_plain && !quotes_inside) return message;
  return (is_classed ? kind + " Error" : "DuckDB failed") +
         " (details left out: they may hold row data)";
}

/// An AdbcError that releases itself and becomes an Error.
class Failure {
 public:
  Failure() { error_ = ADBC_ERROR_INIT; }
  ~Failure() {
    if (error_.release != nullptr) error_.release(&error_);
  }
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;

  AdbcError* out() { return &error_; }
  Status status(AdbcStatusCode code) const {
    if (code == ADBC_STATUS_OK) return {};
    const char* message = error_.message != nullptr ? error_.message : AdbcStatusCodeMessage(code);
    return Error{ErrorCode::kDestination, without_values(message)};
  }

 private:
  AdbcError error_;
};

class Statement {
 public:
  Statement() = default;
  ~Statement() {
    Failure ignored;
    if (statement_.private_data != nullptr) AdbcStatementRelease(&statement_, ignored.out());
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Status make(AdbcConnection* connection) {
    Failure failure;
    return failure.status(AdbcStatementNew(connection, &statement_, failure.out()));
  }
  Status set_sql(const std::string& sql) {
    Failure failure;
    return failure.status(AdbcStatementSetSqlQuery(&statement_, sql.c_str(), failure.out()));
  }
  Status set(const char* option, const std::string& value) {
    Failure failure;
    return failure.status(
        AdbcStatementSetOption(&statement_, option, value.c_str(), failure.out()));
  }
  Status bind(ArrowArrayStream* stream) {
    Failure failure;
    return failure.status(AdbcStatementBindStream(&statement_, stream, failure.out()));
  }
  Status execute(ArrowArrayStream* result, int64_t* rows_affected = nullptr) {
    Failure failure;
    return failure.status(
        AdbcStatementExecuteQuery(&statement_, result, rows_affected, failure.out()));
  }

 private:
  AdbcStatement statement_{};
};

/// Owners of structs of the Arrow C interface: a released one has no release function.
template <typename T>
struct Owned : T {
  Owned() : T{} {}
  ~Owned() {
    if (T::release != nullptr) T::release(this);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
};

struct OwnedView : ArrowArrayView {
  OwnedView() { ArrowArrayViewInitFromType(this, NANOARROW_TYPE_UNINITIALIZED); }
  ~OwnedView() { ArrowArrayViewReset(this); }
  OwnedView(const OwnedView&) = delete;
  OwnedView& operator=(const OwnedView&) = delete;
};

Error unreadable_result() {
  return {ErrorCode::kDestination, "the destination answered with a result that cannot be read"};
}

/// Runs `sql` and calls `visit` with each batch of its result.
template <typename Visit>
Status run_query(AdbcConnection* connection, const std::string& sql, Visit visit) {
  Statement statement;
  RINGSYNC_TRY(statement.make(connection));
  RINGSYNC_TRY(statement.set_sql(sql));
  Owned<ArrowArrayStream> stream;
  RINGSYNC_TRY(statement.execute(&stream));
  Owned<ArrowSchema> schema;
  OwnedView view;
  if (stream.get_schema(&stream, &schema) != 0 ||
      ArrowArrayViewInitFromSchema(&view, &schema, nullptr) != NANOARROW_OK) {
    return unreadable_result();
  }
  for (;;) {
    Owned<ArrowArray> batch;
    if (stream.get_next(&stream, &batch) != 0) {
      const char* message = stream.get_last_error(&stream);
      return Error{ErrorCode::kDestination,
                   message != nullptr ? without_values(message) : "a query failed"};
    }
    if (batch.release == nullptr) return {};
    if (ArrowArrayViewSetArray(&view, &batch, nullptr) != NANOARROW_OK) return unreadable_result();
    RINGSYNC_TRY(visit(view));
  }
}

}  // namespace

Result<std::unique_ptr<AdbcClient>> AdbcClient::open(const AdbcOpenOptions& options) {
  std::unique_ptr<AdbcClient> client(new AdbcClient);
  Failure failure;
  RINGSYNC_TRY(failure.status(AdbcDatabaseNew(&client->database_, failure.out())));
  auto set = [&client](const char* key, const std::string& value) {
    Failure set_failure;
    return set_failure.status(
        AdbcDatabaseSetOption(&client->database_, key, value.c_str(), set_failure.out()));
  };
  RINGSYNC_TRY(set("driver", options.driver_path));
  if (!options.entrypoint.empty()) RINGSYNC_TRY(set("entrypoint", options.entrypoint));
  for (const auto& [key, value] : options.database_options) RINGSYNC_TRY(set(key.c_str(), value));
  RINGSYNC_TRY(failure.status(AdbcDatabaseInit(&client->database_, failure.out())));
  RINGSYNC_TRY(failure.status(AdbcConnectionNew(&client->connection_, failure.out())));
  RINGSYNC_TRY(
      failure.status(AdbcConnectionInit(&client->connection_, &client->database_, failure.out())));
  return client;
}

AdbcClient::~AdbcClient() {
  Failure ignored;
  if (connection_.private_data != nullptr) AdbcConnectionRelease(&connection_, ignored.out());
  if (database_.private_data != nullptr) AdbcDatabaseRelease(&database_, ignored.out());
}

Status AdbcClient::begin_transactions() {
  Failure failure;
  return failure.status(AdbcConnectionSetOption(&connection_, ADBC_CONNECTION_OPTION_AUTOCOMMIT,
                                                ADBC_OPTION_VALUE_DISABLED, failure.out()));
}

Status AdbcClient::commit() {
  Failure failure;
  return failure.status(AdbcConnectionCommit(&connection_, failure.out()));
}

Status AdbcClient::rollback() {
  Failure failure;
  return failure.status(AdbcConnectionRollback(&connection_, failure.out()));
}

Status AdbcClient::exec(const std::string& sql) {
  return run_query(&connection_, sql, [](const ArrowArrayView&) { return Status(); });
}

Result<int64_t> AdbcClient::query_integer(const std::string& sql) {
  std::optional<int64_t> found;
  RINGSYNC_TRY(run_query(&connection_, sql, [&found](const ArrowArrayView& view) -> Status {
    if (view.n_children < 1) return unreadable_result();
    if (!found && view.length > 0) found = ArrowArrayViewGetIntUnsafe(view.children[0], 0);
    return {};
  }));
  if (!found) return unreadable_result();
  return *found;
}

Result<std::vector<TextRow>> AdbcClient::query_text(const std::string& sql) {
  std::vector<TextRow> rows;
  RINGSYNC_TRY(run_query(&connection_, sql, [&rows](const ArrowArrayView& view) -> Status {
    for (int64_t i = 0; i < view.length; ++i) {
      TextRow& row = rows.emplace_back();
      for (int64_t c = 0; c < view.n_children; ++c) {
        const ArrowArrayView* column = view.children[c];
        if (column->storage_type != NANOARROW_TYPE_STRING) return unreadable_result();
        if (ArrowArrayViewIsNull(column, i)) {
          row.emplace_back();
          continue;
        }
        const ArrowStringView text = ArrowArrayViewGetStringUnsafe(column, i);
        row.emplace_back(std::in_place, text.data, static_cast<size_t>(text.size_bytes));
      }
    }
    return {};
  }));
  return rows;
}

Status AdbcClient::ingest(ArrowArrayStream* stream, const IngestTarget& target, int64_t rows) {
  Owned<ArrowArrayStream> owned;
  ArrowArrayStreamMove(stream, &owned);
  Statement statement;
  RINGSYNC_TRY(statement.make(&connection_));
  RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_TARGET_TABLE, target.table));
  RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_MODE, ADBC_INGEST_OPTION_MODE_APPEND));
  if (target.is_temporary) {
    RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_TEMPORARY, ADBC_OPTION_VALUE_ENABLED));
  } else {
    RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_TARGET_CATALOG, target.catalog));
    RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_TARGET_DB_SCHEMA, target.schema));
  }
  RINGSYNC_TRY(statement.bind(&owned));
  int64_t taken = -1;  // as ADBC says "unknown"
  RINGSYNC_TRY(statement.execute(nullptr, &taken));
  // DuckDB answers with success where appending failed; the next statement then finds the
  // transaction aborted.
  const Status alive = exec("SELECT 1");
  if (alive.ok() && (taken < 0 || taken == rows)) return {};
  return Error{ErrorCode::kDestination,
               fmt::format("DuckDB did not take {} rows and does not say why; look for constraints "
                           "of the table and for free memory and space on the disk",
                           rows)};
}

}  // namespace ringsync
