#include "sink/adbc/duckdb_database.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace ringsync {
namespace {

namespace fs = std::filesystem;

Status check_driver(const std::string& driver_path) {
  if (!fs::path(driver_path).is_absolute()) {
    return Error{ErrorCode::kConfig,
                 fmt::format("DuckDB driver {}: give its absolute path with --driver-path",
                             driver_path.empty() ? "(none)" : driver_path)};
  }
  std::error_code ignored;
  if (!fs::is_regular_file(driver_path, ignored)) {
    return Error{ErrorCode::kDestination,
                 fmt::format("DuckDB driver {} does not exist; put libduckdb.so beside the program "
                             "or name it with --driver-path",
                             driver_path)};
  }
  return {};
}

Status check_file(const std::string& file) {
  std::error_code error;
  // DuckDB reads these as a database in memory, which would be gone at the end.
  if (file.empty() || file.front() == ':') {
    return Error{ErrorCode::kConfig, "the DuckDB destination needs the name of a file"};
  }
  const fs::path path(file);
  if (fs::is_directory(path, error)) {
    return Error{ErrorCode::kDestination,
                 fmt::format("{} is a folder; give the name of a DuckDB file in it", file)};
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) {
    return Error{ErrorCode::kDestination,
                 fmt::format("{} cannot be written: the folder {} does not exist; create it first",
                             file, folder.string())};
  }
  return {};
}

/// The number after "PID " in DuckDB's message, or nothing.
std::string lock_holder(const std::string& message) {
  const size_t at = message.find("PID ");
  if (at == std::string::npos) return {};
  size_t end = at + 4;
  while (end < message.size() && message[end] >= '0' && message[end] <= '9') ++end;
  return message.substr(at + 4, end - at - 4);
}

Error explain_open(const std::string& file, const Error& error) {
  const std::string& message = error.message;
  const bool is_locked = message.find("Could not set lock") != std::string::npos ||
                         message.find("Conflicting lock") != std::string::npos;
  if (is_locked) {
    const std::string holder = lock_holder(message);
    return {ErrorCode::kDestinationBusy,
            fmt::format("{} is in use: another sync{} or a DuckDB shell holds it; let it end, or "
                        "close it, then run again",
                        file, holder.empty() ? "" : fmt::format(" (process {})", holder))};
  }
  return {
      ErrorCode::kDestination,
      fmt::format("{} cannot be opened as a DuckDB file for writing: {}; check the path and its "
                  "permissions, or name another file",
                  file, message)};
}

}  // namespace

std::optional<FileIdentity> identify(const std::string& file) {
  struct stat found {};
  if (stat(file.c_str(), &found) != 0) return std::nullopt;
  return FileIdentity{found.st_dev, found.st_ino};
}

Result<std::unique_ptr<AdbcClient>> open_duckdb(const DuckDbOptions& options) {
  RINGSYNC_TRY(check_driver(options.driver_path));
  RINGSYNC_TRY(check_file(options.database_file));
  AdbcOpenOptions open;
  open.driver_path = options.driver_path;
  open.entrypoint = "duckdb_adbc_init";
  open.database_options = {
      {"path", options.database_file},
      {"memory_limit", fmt::format("{}MiB", options.memory_limit_mib)},
      {"threads", fmt::format("{}", options.threads)},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"preserve_insertion_order", "false"},
      {"checkpoint_threshold", fmt::format("{}MiB", options.wal_checkpoint_mib)},
  };
  auto client = AdbcClient::open(open);
  if (!client) return explain_open(options.database_file, client.error());
  RINGSYNC_TRY(client.value()->begin_transactions());
  return std::move(client).value();
}

Status raise_memory_limit(AdbcClient& client) {
  // RESET alone changes the setting that is shown and not the limit that holds (DuckDB 1.5.6).
  RINGSYNC_TRY(client.exec("RESET memory_limit"));
  RINGSYNC_ASSIGN(const auto rows, client.query_text("SELECT current_setting('memory_limit')"));
  if (rows.size() != 1 || !rows[0][0]) {
    return Error{ErrorCode::kDestination, "DuckDB does not tell its memory limit"};
  }
  return client.exec(fmt::format("SET memory_limit = '{}'", *rows[0][0]));
}

}  // namespace ringsync
