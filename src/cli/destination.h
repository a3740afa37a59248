// Where a sync writes to, as --to names it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/postgresql_address.h"

namespace ringsync {

enum class DestinationKind : uint8_t {
  kDuckdb,      // duckdb:FILE
  kSqlite,      // sqlite:FILE
  kPostgresql,  // postgresql://USER@HOST:PORT/DATABASE
  kNull,        // null: everything is read and decoded, nothing is kept
};

struct Destination {
  DestinationKind kind = DestinationKind::kDuckdb;
  std::string path;                                  // of a database file, else empty
  std::optional<PostgresqlAddress> postgresql = {};  // kPostgresql only
};

/// Reads one of these forms. Error kUsage; it repeats the scheme only, since the rest of what
/// was meant as another kind of destination may hold a password.
Result<Destination> parse_destination(std::string_view text);

}  // namespace ringsync
