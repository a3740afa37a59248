#include "sink/adbc/adbc_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "arrow-adbc/adbc_driver_manager.h"
#include "nanoarrow/nanoarrow.h"

namespace ringsync {
namespace {

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
  Status status(AdbcStatusCode code, ExplainFailure explain) const {
    if (code == ADBC_STATUS_OK) return {};
    const char* message = error_.message != nullptr ? error_.message : AdbcStatusCodeMessage(code);
    const bool has_state = error_.sqlstate[0] != '\0';
    return explain(
        {message, has_state ? std::string(error_.sqlstate, sizeof error_.sqlstate) : ""});
  }

 private:
  AdbcError error_;
};

class Statement {
 public:
  explicit Statement(ExplainFailure explain) : explain_(explain) {}
  ~Statement() {
    Failure ignored;
    if (statement_.private_data != nullptr) AdbcStatementRelease(&statement_, ignored.out());
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Status make(AdbcConnection* connection) {
    Failure failure;
    return failure.status(AdbcStatementNew(connection, &statement_, failure.out()), explain_);
  }
  Status set_sql(const std::string& sql) {
    Failure failure;
    return failure.status(AdbcStatementSetSqlQuery(&statement_, sql.c_str(), failure.out()),
                          explain_);
  }
  Status set(const char* option, const std::string& value) {
    Failure failure;
    return failure.status(AdbcStatementSetOption(&statement_, option, value.c_str(), failure.out()),
                          explain_);
  }
  Status bind(ArrowArrayStream* stream) {
    Failure failure;
    return failure.status(AdbcStatementBindStream(&statement_, stream, failure.out()), explain_);
  }
  Status execute(ArrowArrayStream* result, int64_t* rows_affected = nullptr) {
    Failure failure;
    return failure.status(
        AdbcStatementExecuteQuery(&statement_, result, rows_affected, failure.out()), explain_);
  }

 private:
  ExplainFailure explain_;
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
Status run_query(AdbcConnection* connection, ExplainFailure explain, const std::string& sql,
                 Visit visit) {
  Statement statement(explain);
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
      return explain({message != nullptr ? message : "a query failed", ""});
    }
    if (batch.release == nullptr) return {};
    if (ArrowArrayViewSetArray(&view, &batch, nullptr) != NANOARROW_OK) return unreadable_result();
    RINGSYNC_TRY(visit(view));
  }
}

/// The cell as text; integers are written in decimal. Error where it is of another type.
Result<std::optional<std::string>> text_of(const ArrowArrayView& column, int64_t row) {
  using Text = std::optional<std::string>;
  if (ArrowArrayViewIsNull(&column, row)) return Text();
  switch (column.storage_type) {
    case NANOARROW_TYPE_STRING: {
      const ArrowStringView text = ArrowArrayViewGetStringUnsafe(&column, row);
      return Text(std::in_place, text.data, static_cast<size_t>(text.size_bytes));
    }
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_INT64:
      return Text(fmt::format("{}", ArrowArrayViewGetIntUnsafe(&column, row)));
    default: return unreadable_result();
  }
}

}  // namespace

Result<std::unique_ptr<AdbcClient>> AdbcClient::open(const AdbcOpenOptions& options) {
  std::unique_ptr<AdbcClient> client(new AdbcClient(options.explain));
  Failure failure;
  const auto checked = [&](AdbcStatusCode code) { return failure.status(code, options.explain); };
  RINGSYNC_TRY(checked(AdbcDatabaseNew(&client->database_, failure.out())));
  auto set = [&](const char* key, const std::string& value) {
    return checked(AdbcDatabaseSetOption(&client->database_, key, value.c_str(), failure.out()));
  };
  RINGSYNC_TRY(set("driver", options.driver_path));
  if (!options.entrypoint.empty()) RINGSYNC_TRY(set("entrypoint", options.entrypoint));
  for (const auto& [key, value] : options.database_options) RINGSYNC_TRY(set(key.c_str(), value));
  RINGSYNC_TRY(checked(AdbcDatabaseInit(&client->database_, failure.out())));
  RINGSYNC_TRY(checked(AdbcConnectionNew(&client->connection_, failure.out())));
  RINGSYNC_TRY(
      checked(AdbcConnectionInit(&client->connection_, &client->database_, failure.out())));
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
                                                ADBC_OPTION_VALUE_DISABLED, failure.out()),
                        explain_);
}

Status AdbcClient::commit() {
  Failure failure;
  return failure.status(AdbcConnectionCommit(&connection_, failure.out()), explain_);
}

Status AdbcClient::rollback() {
  Failure failure;
  return failure.status(AdbcConnectionRollback(&connection_, failure.out()), explain_);
}

Status AdbcClient::exec(const std::string& sql) {
  RINGSYNC_ASSIGN([[maybe_unused]] const int64_t rows, exec_counted(sql));
  return {};
}

Result<int64_t> AdbcClient::exec_counted(const std::string& sql) {
  Statement statement(explain_);
  RINGSYNC_TRY(statement.make(&connection_));
  RINGSYNC_TRY(statement.set_sql(sql));
  int64_t rows = 0;
  RINGSYNC_TRY(statement.execute(nullptr, &rows));
  return std::max<int64_t>(rows, 0);  // DuckDB's driver says -1 for none
}

Result<int64_t> AdbcClient::query_integer(const std::string& sql) {
  std::optional<int64_t> found;
  RINGSYNC_TRY(
      run_query(&connection_, explain_, sql, [&found](const ArrowArrayView& view) -> Status {
        if (view.n_children < 1) return unreadable_result();
        if (!found && view.length > 0) found = ArrowArrayViewGetIntUnsafe(view.children[0], 0);
        return {};
      }));
  if (!found) return unreadable_result();
  return *found;
}

Result<std::vector<TextRow>> AdbcClient::query_text(const std::string& sql) {
  std::vector<TextRow> rows;
  RINGSYNC_TRY(
      run_query(&connection_, explain_, sql, [&rows](const ArrowArrayView& view) -> Status {
        for (int64_t i = 0; i < view.length; ++i) {
          TextRow& row = rows.emplace_back();
          for (int64_t c = 0; c < view.n_children; ++c) {
            RINGSYNC_ASSIGN(auto cell, text_of(*view.children[c], i));
            row.push_back(std::move(cell));
          }
        }
        return {};
      }));
  return rows;
}

Status AdbcClient::ingest(ArrowArrayStream* stream, const IngestTarget& target, int64_t rows) {
  Owned<ArrowArrayStream> owned;
  ArrowArrayStreamMove(stream, &owned);
  Statement statement(explain_);
  RINGSYNC_TRY(statement.make(&connection_));
  RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_TARGET_TABLE, target.table));
  RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_MODE, ADBC_INGEST_OPTION_MODE_APPEND));
  if (target.is_temporary) {
    RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_TEMPORARY, ADBC_OPTION_VALUE_ENABLED));
  }
  if (!target.catalog.empty()) {
    RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_TARGET_CATALOG, target.catalog));
  }
  if (!target.schema.empty()) {
    RINGSYNC_TRY(statement.set(ADBC_INGEST_OPTION_TARGET_DB_SCHEMA, target.schema));
  }
  RINGSYNC_TRY(statement.bind(&owned));
  int64_t taken = -1;  // as ADBC says "unknown"
  RINGSYNC_TRY(statement.execute(nullptr, &taken));
  // DuckDB answers with success where appending failed; the next statement then finds the
  // transaction aborted.
  const auto alive = query_integer("SELECT 1");
  if (alive.ok() && (taken < 0 || taken == rows)) return {};
  return Error{ErrorCode::kDestination,
               fmt::format("the database did not take {} rows and does not say why; look for "
                           "constraints of the table and for free memory and space on the disk",
                           rows)};
}

}  // namespace ringsync
