#include "cli/destination.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringsync {
namespace {

constexpr std::string_view kForms =
    "write --to duckdb:FILE, sqlite:FILE or postgresql://USER@HOST/DATABASE, or null: for a trial "
    "that keeps nothing";

Error wrong_destination(std::string_view what) {
  return Error{ErrorCode::kUsage, fmt::format("--to: {}; {}", what, kForms)};
}

/// RFC 3986 section 3.1.
bool is_scheme(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
}

Result<Destination> file_destination(DestinationKind kind, std::string_view scheme,
                                     std::string_view path) {
  if (path.empty()) return wrong_destination(fmt::format("{}: names no file", scheme));
  if (path == ":memory:") {
    return wrong_destination("a database in memory would be gone when the sync ends");
  }
  return Destination{kind, std::string(path), std::nullopt};
}

Result<Destination> postgresql_destination(std::string_view text) {
  if (!is_postgresql_uri(text))
    return wrong_destination("an address of PostgreSQL begins with postgresql://");
  RINGSYNC_ASSIGN(PostgresqlAddress address, parse_postgresql_uri(text));
  return Destination{DestinationKind::kPostgresql, "", std::move(address)};
}

}  // namespace

Result<Destination> parse_destination(std::string_view text) {
  if (text.empty()) return wrong_destination("the destination is empty");
  const size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || !is_scheme(scheme)) {
    return wrong_destination("the destination has no kind before a colon");
  }
  const std::string_view rest = text.substr(colon + 1);
  if (scheme == "duckdb") return file_destination(DestinationKind::kDuckdb, scheme, rest);
  if (scheme == "sqlite") return file_destination(DestinationKind::kSqlite, scheme, rest);
  if (scheme == "postgresql" || scheme == "postgres") return postgresql_destination(text);
  if (scheme != "null")
    return wrong_destination(fmt::format("\"{}:\" is no kind of destination", scheme));
  if (!rest.empty()) return wrong_destination("null: takes nothing after the colon");
  return Destination{DestinationKind::kNull, "", std::nullopt};
}

}  // namespace ringsync
