#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "sink/adbc/open_database.h"
#include "sink/adbc/sqlite_dialect.h"

namespace ringsync {
namespace {

constexpr int kBusyTimeoutMs = 60'000;  // another program that writes may take so long
constexpr int kCacheKib = 64 * 1024;

/// What the driver puts before SQLite's own words.
constexpr std::array<std::string_view, 2> kPrefixes = {"[SQLite] Failed to prepare query: ",
                                                       "Failed to step query: "};

/// Words of errors that quote a statement or a value.
constexpr std::array<std::string_view, 3> kSqliteQuotingWords = {"near \"", "unrecognized token",
                                                                 "Could not format"};

Status configure(AdbcClient& client, DatabaseAccess access) {
  if (access == DatabaseAccess::kRead) {
    return client.exec("SELECT count(*) FROM main.sqlite_schema");  // SQLite opens files late
  }
  // Readers go on reading while a sync writes, and a commit need not wait for them.
  RINGSYNC_TRY(client.query_text("PRAGMA main.journal_mode = WAL").ok()
                   ? Status()
                   : client.exec("SELECT count(*) FROM main.sqlite_schema"));
  RINGSYNC_TRY(client.exec("PRAGMA main.synchronous = FULL"));
  // A table that takes another one's place gets its name, whatever views there are of that one.
  RINGSYNC_TRY(client.exec("PRAGMA legacy_alter_table = ON"));
  RINGSYNC_TRY(client.exec(fmt::format("PRAGMA busy_timeout = {}", kBusyTimeoutMs)));
  return client.exec(fmt::format("PRAGMA cache_size = -{}", kCacheKib));
}

bool holds_bytes(const std::string& file) {
  std::error_code ignored;
  const uintmax_t size = std::filesystem::file_size(file, ignored);
  return !ignored && size > 0;
}

/// The URI (https://www.sqlite.org/uri.html) that opens an absolute path for reading. SQLite would
/// make a write-ahead log and its index beside a file that has none and leave them there; without a
/// log or a journal the file is whole as it is, and is read as one that does not change.
std::string reading_uri(const std::string& file) {
  constexpr std::string_view kPlain = "/-._~";
  std::string uri = "file://";
  for (const char c : file) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos;
    uri += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<uint8_t>(c));
  }
  const bool is_at_rest = !holds_bytes(file + "-wal") && !holds_bytes(file + "-journal");
  return uri + (is_at_rest ? "?mode=ro&immutable=1" : "?mode=ro");
}

Error explain_sqlite_open(const std::string& file, DatabaseAccess access, const Error& error) {
  if (error.code != ErrorCode::kDestination) return error.within(file);
  return {ErrorCode::kDestination,
          fmt::format("{} cannot be opened as an SQLite file {}: {}; check the path and the "
                      "permissions of file and folder, or name another file",
                      file, purpose_text(access), error.message)};
}

}  // namespace

Error explain_sqlite(const DriverFailure& failure) {
  std::string text = failure.message.substr(0, failure.message.find('\n'));
  for (const std::string_view prefix : kPrefixes) {
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
  }
  if (text.find("database is locked") != std::string::npos ||
      text.find("database table is locked") != std::string::npos) {
    return {ErrorCode::kDestinationBusy,
            "another program is writing to the SQLite file; let it end, then run again"};
  }
  const bool quotes = std::ranges::any_of(kSqliteQuotingWords, [&text](std::string_view word) {
    return text.find(word) != std::string::npos;
  });
  if (quotes) text = "details left out: they may hold row data";
  return {ErrorCode::kDestination, "SQLite failed: " + text};
}

Result<OpenDatabase> open_sqlite(const AdbcSinkOptions& options, DatabaseAccess access) {
  RINGSYNC_TRY(check_database_path(options.location, database_name(options.kind)));
  OpenDatabase database;
  const bool reads_only = access == DatabaseAccess::kRead;
  if (!reads_only) {
    RINGSYNC_ASSIGN(database.hold, FileHold::take(options.location));
  }
  AdbcOpenOptions open;
  open.driver_path = options.driver_path;
  open.explain = explain_sqlite;
  // Absolute: a relative name could be read as a URI.
  const std::string file = std::filesystem::absolute(options.location).string();
  open.database_options = {{"uri", reads_only ? reading_uri(file) : file}};
  auto client = AdbcClient::open(open);
  if (!client) return explain_sqlite_open(options.location, access, client.error());
  database.client = std::move(client).value();
  const Status configured = configure(*database.client, access);
  if (!configured) return explain_sqlite_open(options.location, access, configured.error());
  RINGSYNC_TRY(database.client->begin_transactions());
  database.dialect = make_sqlite_dialect();
  database.label = options.label;
  database.file.emplace(options.location);
  return database;
}

}  // namespace ringsync
