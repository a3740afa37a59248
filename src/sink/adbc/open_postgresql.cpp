#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "model/table.h"
#include "sink/adbc/open_database.h"
#include "sink/adbc/postgresql_dialect.h"

namespace ringsync {
namespace {

constexpr std::string_view kConnecting = "Failed to connect: ";
/// How long a sync waits at its start for another one, whose connection may just be ending.
constexpr int kHoldTimeoutMs = 5'000;
/// How long it waits later for locks of other sessions.
constexpr int kLockTimeoutMs = 60'000;

/// Words of libpq where the connection has ended.
constexpr std::array<std::string_view, 6> kLostWords = {
    "server closed the connection", "no connection to the server", "could not receive data",
    "could not send data",          "connection has been closed",  "terminating connection"};

/// Classes of SQLSTATE, and whole ones, whose messages name no values (PostgreSQL's manual,
/// appendix A): connection, features not supported (which name objects only), transaction,
/// authorisation, catalog names, undefined or duplicate objects, resources, limits, state of
/// objects, intervention, system errors.
constexpr std::array<std::string_view, 17> kPlainStates = {
    "08",    "0A",    "25",    "28", "3D", "3F", "40", "42501", "42P01",
    "42P06", "42P07", "42703", "53", "54", "55", "57", "58"};

bool holds_any(std::string_view text, const auto& words) {
  return std::ranges::any_of(
      words, [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

/// Severities of what ends a session: such words are of the server, and name no values.
constexpr std::array<std::string_view, 2> kEndingSeverities = {"FATAL:  ", "PANIC:  "};
constexpr std::array<std::string_view, 3> kSeverities = {"ERROR:  ", "FATAL:  ", "PANIC:  "};

/// The server's own words: the line behind its severity, or nothing.
std::string server_text(const std::string& message, const auto& severities) {
  for (const std::string_view severity : severities) {
    const size_t at = message.rfind(severity);
    if (at != std::string::npos) return first_line(message.substr(at + severity.size()));
  }
  return "";
}

std::string remedy(const std::string& sqlstate) {
  if (sqlstate == "42501") {
    return "; grant the role the right: CREATE on the database for new schemas, else USAGE and "
           "CREATE on the schema, and ownership of its tables";
  }
  if (sqlstate == "53100") return "; make room on the server's disk, then run again";
  if (sqlstate == "54000") {
    return "; a key is longer than PostgreSQL's index can hold (2,704 bytes), exclude the table "
           "with exclude_tables";
  }
  return "";
}

Error explain_lost(const std::string& message) {
  const std::string text = server_text(message, kEndingSeverities);
  const bool is_full = text.find("No space left") != std::string::npos;
  return {ErrorCode::kDestination,
          fmt::format("the connection to PostgreSQL was lost{}; what was not committed is undone{}",
                      text.empty() ? "" : ": " + text,
                      is_full ? remedy("53100") : std::string(", run again"))};
}

ErrorCode code_of(const std::string& sqlstate) {
  if (sqlstate == "55P03" || sqlstate == "40P01" || sqlstate == "40001") {
    return ErrorCode::kDestinationBusy;
  }
  return sqlstate == "42501" ? ErrorCode::kDestinationAuth : ErrorCode::kDestination;
}

/// Words of a server that does not let the user in; libpq gives no SQLSTATE for them.
constexpr std::array<std::string_view, 5> kAuthWords = {
    "authentication failed", "no password supplied", "no pg_hba.conf entry", "role ",
    "permission denied"};

/// libpq's words name host, port, user and database; what it cannot parse it may quote.
Error explain_connecting(std::string_view text) {
  std::string reason = first_line(text);
  if (reason.starts_with("invalid ") || reason.find("URI") != std::string::npos) {
    return {ErrorCode::kDestination, "PostgreSQL's client does not accept the address"};
  }
  const ErrorCode code =
      holds_any(reason, kAuthWords) ? ErrorCode::kDestinationAuth : ErrorCode::kDestination;
  return {code, std::move(reason)};
}

Error explain_postgresql_open(const std::string& label, const Error& error) {
  return {error.code, fmt::format("{} cannot be connected to: {}; check host, port, database, user "
                                  "and password (in the address as ${{NAME}}, or in PGPASSWORD)",
                                  label, error.message)};
}

/// Holds the keyspace in this database until the connection ends.
Status hold_keyspace(AdbcClient& client, const std::string& keyspace) {
  RINGSYNC_TRY(client.exec(fmt::format("SET lock_timeout = {}", kHoldTimeoutMs)));
  Status held = client.exec(
      fmt::format("SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended({}, 0))",
                  literal("ringsync " + keyspace)));
  if (held || held.error().code != ErrorCode::kDestinationBusy) return held;
  return Error{ErrorCode::kDestinationBusy,
               fmt::format("another sync writes keyspace {} to this database; let it end, then run "
                           "again",
                           quoted(keyspace))};
}

Status configure(AdbcClient& client, const std::string& keyspace, DatabaseAccess access) {
  RINGSYNC_ASSIGN(const auto encoding,
                  client.query_text("SELECT pg_catalog.current_setting('server_encoding')"));
  if (encoding.empty() || encoding[0][0] != "UTF8") {
    return Error{
        ErrorCode::kDestination,
        fmt::format("the database's encoding is {}, which cannot hold every text; make one "
                    "with ENCODING 'UTF8'",
                    encoding.empty() ? "unknown" : encoding[0][0].value_or("unknown"))};
  }
  for (const char* setting : {"SET TIME ZONE 'UTC'", "SET datestyle = 'ISO, YMD'",
                              "SET client_min_messages = warning", "SET statement_timeout = 0"}) {
    RINGSYNC_TRY(client.exec(setting));
  }
  if (access == DatabaseAccess::kRead) {
    RINGSYNC_TRY(client.exec("SET default_transaction_read_only = on"));
  } else {
    RINGSYNC_TRY(hold_keyspace(client, keyspace));
  }
  return client.exec(fmt::format("SET lock_timeout = {}", kLockTimeoutMs));
}

}  // namespace

Error explain_postgresql(const DriverFailure& failure) {
  const std::string& message = failure.message;
  const size_t connecting = message.find(kConnecting);
  if (connecting != std::string::npos) {
    return explain_connecting(std::string_view(message).substr(connecting + kConnecting.size()));
  }
  if (holds_any(message, kLostWords)) return explain_lost(message);
  const std::string& state = failure.sqlstate;
  const bool is_plain = std::ranges::any_of(
      kPlainStates, [&state](std::string_view known) { return state.starts_with(known); });
  std::string text = is_plain ? server_text(message, kSeverities) : "";
  if (text.empty()) text = "details left out: they may hold row data";
  return {code_of(state),
          fmt::format("PostgreSQL failed{}: {}{}", state.empty() ? "" : " (SQLSTATE " + state + ")",
                      text, remedy(state))};
}

Result<OpenDatabase> open_postgresql(const AdbcSinkOptions& options, DatabaseAccess access) {
  AdbcOpenOptions open;
  open.driver_path = options.driver_path;
  open.explain = explain_postgresql;
  open.database_options = {{"uri", options.location}};
  auto client = AdbcClient::open(open);
  if (!client) return explain_postgresql_open(options.label, client.error());
  OpenDatabase database;
  database.client = std::move(client).value();
  const Status configured = configure(*database.client, options.keyspace, access);
  if (!configured) return configured.error().within(options.label);
  RINGSYNC_TRY(database.client->begin_transactions());
  database.dialect = make_postgresql_dialect();
  database.label = options.label;
  return database;
}

}  // namespace ringsync
