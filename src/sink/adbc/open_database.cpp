#include "sink/adbc/open_database.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace ringsync {
namespace {

namespace fs = std::filesystem;

Status check_driver(const AdbcSinkOptions& options) {
  const std::string& path = options.driver_path;
  if (!fs::path(path).is_absolute()) {
    return Error{ErrorCode::kDriver,
                 fmt::format("database driver {}: give its absolute path with --driver-path",
                             path.empty() ? "(none)" : path)};
  }
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    return Error{ErrorCode::kDriver,
                 fmt::format("database driver {} does not exist; put {} beside the program or name "
                             "its folder with --driver-path",
                             path, driver_file(options.kind))};
  }
  return {};
}

}  // namespace

std::string_view driver_file(DatabaseKind kind) {
  switch (kind) {
    case DatabaseKind::kDuckDb: return "libduckdb.so";
    case DatabaseKind::kSqlite: return "libadbc_driver_sqlite.so";
    case DatabaseKind::kPostgresql: return "libadbc_driver_postgresql.so";
  }
  return "";
}

Result<OpenDatabase> open_database(const AdbcSinkOptions& options) {
  RINGSYNC_TRY(check_driver(options));
  switch (options.kind) {
    case DatabaseKind::kDuckDb: return open_duckdb(options);
    case DatabaseKind::kSqlite: return open_sqlite(options);
    case DatabaseKind::kPostgresql: return open_postgresql(options);
  }
  return Error{ErrorCode::kInternal, "a kind of database that is not known"};
}

}  // namespace ringsync
