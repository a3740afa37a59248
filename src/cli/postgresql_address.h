// The address of a PostgreSQL database, as --to names it: a connection URI as libpq reads it
// (PostgreSQL's manual, 34.1.1.2), checked so that no part of a password can end up in an error.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/environment.h"

namespace ringsync {

/// Parts as they were given, percent-encoding included.
struct PostgresqlAddress {
  std::string user;
  std::optional<std::string> password;  // a secret, or "${NAME}" of an environment variable
  std::string hosts;                    // host:port, several with commas between them
  std::string database;
  std::string parameters;  // a=b&c=d; may hold secrets

  /// What logs and errors may show: without password and parameters.
  std::string label() const;
  /// For libpq, with the password. Adds a time-out for connecting, a name for the server's lists
  /// and UTF-8. Error kConfig where an environment variable is missing.
  Result<std::string> uri(const VariableLookup& lookup) const;
};

/// True for texts that begin with postgresql:// or postgres://.
bool is_postgresql_uri(std::string_view text);

/// Reads such a text. Error kUsage, which repeats nothing of it.
Result<PostgresqlAddress> parse_postgresql_uri(std::string_view text);

}  // namespace ringsync
