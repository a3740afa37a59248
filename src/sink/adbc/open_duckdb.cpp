#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/log.h"
#include "sink/adbc/duckdb_dialect.h"
#include "sink/adbc/open_database.h"

namespace ringsync {
namespace {

/// Kinds of DuckDB's errors that speak of files, tables and memory. The others may quote values.
constexpr std::array<std::string_view, 14> kPlainErrors = {
    "Binder",     "Catalog",  "Connection",         "Dependency",      "FATAL",
    "INTERNAL",   "IO",       "Interrupt",          "Not implemented", "Out of Memory",
    "Permission", "Settings", "TransactionContext", "Transaction"};

/// Words of errors that quote values, wherever they stand.
constexpr std::array<std::string_view, 5> kDuckdbQuotingWords = {
    "uplicate key", "onstraint", "onversion", "at or near", "Failed to execute query"};

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
      kDuckdbQuotingWords.begin(), kDuckdbQuotingWords.end(),
      [&message](std::string_view word) { return message.find(word) != std::string::npos; });
  if (is_plain && !quotes_inside) return message;
  return (is_classed ? kind + " Error" : "DuckDB failed") +
         " (details left out: they may hold row data)";
}

/// The number after "PID " in DuckDB's message, or nothing.
std::string lock_holder(const std::string& message) {
  const size_t at = message.find("PID ");
  if (at == std::string::npos) return {};
  size_t end = at + 4;
  while (end < message.size() && message[end] >= '0' && message[end] <= '9') ++end;
  return message.substr(at + 4, end - at - 4);
}

Error explain_duckdb_open(const std::string& file, DatabaseAccess access, const Error& error) {
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
  return {ErrorCode::kDestination,
          fmt::format("{} cannot be opened as a DuckDB file {}: {}; check the path and its "
                      "permissions, or name another file",
                      file, purpose_text(access), message)};
}

/// Lets DuckDB use its own default of memory, a share of what machine and container have: it must
/// hold the rows of a row group (up to 122,880) at once to write it.
Status raise_memory_limit(AdbcClient& client) {
  // RESET alone changes the setting that is shown and not the limit that holds (DuckDB 1.5.6).
  RINGSYNC_TRY(client.exec("RESET memory_limit"));
  RINGSYNC_ASSIGN(const auto rows, client.query_text("SELECT current_setting('memory_limit')"));
  if (rows.size() != 1 || !rows[0][0]) {
    return Error{ErrorCode::kDestination, "DuckDB does not tell its memory limit"};
  }
  return client.exec(fmt::format("SET memory_limit = '{}'", *rows[0][0]));
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& file)
      : number_(open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

/// True where the file is the beginning of a database's headers, or empty, and no more.
bool is_unfinished(int descriptor, const std::string& file) {
  constexpr off_t kHeadersBytes = off_t{3} * 4096;
  constexpr std::string_view kMagic = "DUCK";
  constexpr off_t kMagicAt = 8;
  struct stat found {};
  if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) return false;
  if (found.st_size >= kHeadersBytes) return false;
  struct stat log {};
  if (stat((file + ".wal").c_str(), &log) == 0 && log.st_size > 0) return false;
  if (found.st_size == 0) return true;
  std::array<char, kMagic.size()> bytes{};
  const ssize_t read = pread(descriptor, bytes.data(), bytes.size(), kMagicAt);
  return read == ssize_t{kMagic.size()} && std::string_view(bytes.data(), bytes.size()) == kMagic;
}

/// Removes a file that a kill or a full disk has kept from being made whole: DuckDB would refuse it
/// for ever, and nothing was committed to it yet. True where it did. DuckDB's own lock is held
/// meanwhile, so that no other sync is making the file just now.
bool remove_unfinished(const std::string& file) {
  const Descriptor descriptor(file);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (descriptor.number() < 0 || fcntl(descriptor.number(), F_SETLK, &whole) != 0) return false;
  if (!is_unfinished(descriptor.number(), file) || unlink(file.c_str()) != 0) return false;
  log_warning("{} was not made whole when it was first opened, and holds nothing: it is made anew",
              file);
  return true;
}

constexpr uint32_t kThreads = 1;  // a second one doubled the CPU time of a load
constexpr uint32_t kWalCheckpointMib = 256;

}  // namespace

Error explain_duckdb(const DriverFailure& failure) {
  return {ErrorCode::kDestination, without_values(failure.message)};
}

Result<OpenDatabase> open_duckdb(const AdbcSinkOptions& options, DatabaseAccess access) {
  RINGSYNC_TRY(check_database_path(options.location, database_name(options.kind)));
  AdbcOpenOptions wanted;
  wanted.driver_path = options.driver_path;
  wanted.entrypoint = "duckdb_adbc_init";
  wanted.explain = explain_duckdb;
  wanted.database_options = {
      {"path", options.location},
      {"access_mode", access == DatabaseAccess::kRead ? "READ_ONLY" : "READ_WRITE"},
      {"memory_limit", fmt::format("{}MiB", options.memory_limit_mib)},
      {"threads", fmt::format("{}", kThreads)},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"preserve_insertion_order", "false"},
      {"checkpoint_threshold", fmt::format("{}MiB", kWalCheckpointMib)},
  };
  auto client = AdbcClient::open(wanted);
  if (!client && access == DatabaseAccess::kWrite && remove_unfinished(options.location)) {
    client = AdbcClient::open(wanted);
  }
  if (!client) return explain_duckdb_open(options.location, access, client.error());
  RINGSYNC_TRY((*client)->begin_transactions());
  RINGSYNC_ASSIGN(const auto rows, (*client)->query_text("SELECT current_database()"));
  if (rows.size() != 1 || !rows[0][0]) {
    return Error{ErrorCode::kDestination,
                 options.location + ": DuckDB does not tell its database's name"};
  }
  OpenDatabase database;
  database.client = std::move(client).value();
  database.dialect = make_duckdb_dialect(*rows[0][0]);
  database.label = options.label;
  database.file.emplace(options.location);
  database.make_room_for_wide_rows = raise_memory_limit;
  return database;
}

}  // namespace ringsync
