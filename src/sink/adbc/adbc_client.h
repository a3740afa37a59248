// AdbcClient: one connection of an ADBC driver. The edge where AdbcError becomes Error. Private to
// sink/adbc: nothing else sees ADBC's headers.
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrow-adbc/adbc.h"
#include "base/result.h"

namespace ringsync {

/// What a driver says of a failure, row data and statements included.
struct DriverFailure {
  std::string message;
  std::string sqlstate;  // five characters where the database has such codes, else empty
};

/// Makes an error that may be shown of what the driver says: without what could be row data.
using ExplainFailure = Error (*)(const DriverFailure&);

struct AdbcOpenOptions {
  std::string driver_path;  // absolute: drivers are never searched for
  std::string entrypoint;   // empty: the driver's default
  std::vector<std::pair<std::string, std::string>> database_options;
  ExplainFailure explain = nullptr;
};

/// Where ingest() appends. Names are taken as they are, without quoting; the database's default
/// where empty.
struct IngestTarget {
  std::string catalog;
  std::string schema;
  std::string table;
  bool is_temporary = false;
};

/// Values as text; NULL is nothing.
using TextRow = std::vector<std::optional<std::string>>;

class AdbcClient {
 public:
  /// Errors, here and below, are those that `options.explain` makes.
  static Result<std::unique_ptr<AdbcClient>> open(const AdbcOpenOptions& options);
  ~AdbcClient();
  AdbcClient(const AdbcClient&) = delete;
  AdbcClient& operator=(const AdbcClient&) = delete;

  /// From here on statements gather in a transaction that commit() and rollback() end.
  Status begin_transactions();
  Status commit();
  Status rollback();

  Status exec(const std::string& sql);
  /// Runs INSERT, UPDATE or DELETE and returns the number of rows it changed.
  Result<int64_t> exec_counted(const std::string& sql);
  /// The integer in the first row.
  Result<int64_t> query_integer(const std::string& sql);
  /// All rows; every column must be text or integers, which become text.
  Result<std::vector<TextRow>> query_text(const std::string& sql);
  /// Appends the stream, of `rows` rows, to an existing table whose columns are those of the
  /// stream, in order. Takes the stream over, also on failure. Error kDestination too where the
  /// driver says nothing and did not take them all.
  Status ingest(ArrowArrayStream* stream, const IngestTarget& target, int64_t rows);

 private:
  explicit AdbcClient(ExplainFailure explain) : explain_(explain) {}

  ExplainFailure explain_;
  AdbcDatabase database_{};
  AdbcConnection connection_{};
};

}  // namespace ringsync
