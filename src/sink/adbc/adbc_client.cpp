#include "sink/adbc/adbc_client.h"

#include <cstring>

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
  Status status(AdbcStatusCode code) const {
    if (code == ADBC_STATUS_OK) return {};
    // The first line: what follows repeats the statement, which may hold values.
    std::string message = error_.message != nullptr ? error_.message : AdbcStatusCodeMessage(code);
    message = message.substr(0, message.find('\n'));
    return Error{ErrorCode::kDestination, std::move(message)};
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
  Status execute(ArrowArrayStream* result) {
    Failure failure;
    return failure.status(AdbcStatementExecuteQuery(&statement_, result, nullptr, failure.out()));
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
      return Error{ErrorCode::kDestination, message != nullptr ? message : "a query failed"};
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

Status AdbcClient::ingest(ArrowArrayStream* stream, const IngestTarget& target) {
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
  return statement.execute(nullptr);
}

}  // namespace ringsync
