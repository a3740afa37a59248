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

std::string_view database_name(DatabaseKind kind) {
  switch (kind) {
    case DatabaseKind::kDuckDb: return "DuckDB";
    case DatabaseKind::kSqlite: return "SQLite";
    case DatabaseKind::kPostgresql: return "PostgreSQL";
  }
  return "";
}

std::string_view purpose_text(DatabaseAccess access) {
  return access == DatabaseAccess::kRead ? "for reading" : "for writing";
}

namespace {

Result<OpenDatabase> open_kind(const AdbcSinkOptions& options, DatabaseAccess access) {
  switch (options.kind) {
    case DatabaseKind::kDuckDb: return open_duckdb(options, access);
    case DatabaseKind::kSqlite: return open_sqlite(options, access);
    case DatabaseKind::kPostgresql: return open_postgresql(options, access);
  }
  return Error{ErrorCode::kInternal, "a kind of database that is not known"};
}

}  // namespace

Result<OpenDatabase> open_database(const AdbcSinkOptions& options, DatabaseAccess access) {
  RINGSYNC_TRY(check_driver(options));
  auto database = open_kind(options, access);
  if (database.ok() || options.kind == DatabaseKind::kPostgresql) return database;
  return with_disk_space(std::move(database).error(), options.location);
}

}  // namespace ringsync
