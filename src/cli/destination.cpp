#include "cli/destination.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringsync {
namespace {

constexpr std::string_view kForms =
    "write --to duckdb:FILE, or --to null: for a trial that keeps "
    "nothing";

Error wrong(std::string_view what) {
  return Error{ErrorCode::kUsage, fmt::format("--to: {}; {}", what, kForms)};
}

/// RFC 3986 section 3.1.
bool is_scheme(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
}

Result<Destination> duckdb_destination(std::string_view path) {
  if (path.empty()) return wrong("duckdb: names no file");
  if (path == ":memory:") {
    return wrong("a database in memory would be gone when the sync ends");
  }
  return Destination{DestinationKind::kDuckdb, std::string(path)};
}

}  // namespace

Result<Destination> parse_destination(std::string_view text) {
  if (text.empty()) return wrong("the destination is empty");
  const size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || !is_scheme(scheme)) {
    return wrong("the destination has no kind before a colon");
  }
  const std::string_view rest = text.substr(colon + 1);
  if (scheme == "duckdb") return duckdb_destination(rest);
  if (scheme != "null") return wrong(fmt::format("\"{}:\" is no kind of destination", scheme));
  if (!rest.empty()) return wrong("null: takes nothing after the colon");
  return Destination{DestinationKind::kNull, ""};
}

}  // namespace ringsync
