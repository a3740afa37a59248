// The table filter: which tables of a keyspace `tables` and `exclude_tables` leave to a sync.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/configuration.h"

namespace ringsync {

/// Table names or patterns out of "a, b_*"; empty ones are left out. Error kConfig where one could
/// not be a table's name.
Result<std::vector<std::string>> parse_table_list(std::string_view text);

/// True where `pattern` fits the whole of `name`; the case of letters counts.
bool pattern_matches(std::string_view pattern, std::string_view name);

/// True where the table is to be synced. `exclude_tables` wins.
bool selects(const Configuration& configuration, const std::string& table);

/// What decimal_types says of a column: the first entry that fits; none where it stays as it is.
std::optional<DecimalSize> decimal_size(const std::vector<DecimalType>& types,
                                        const std::string& table, const std::string& column);

/// A pattern of the configuration that fits no table.
struct NameNotFound {
  std::string key;  // "tables", "exclude_tables" or an option's name
  std::string pattern;
  std::optional<std::string> nearest;  // the table that was probably meant

  /// One line: what was not found and what may have been meant.
  std::string message() const;
};

/// Of `discovered`, the tables that one of `patterns` fits, in the order discovered. Error kSchema
/// where a pattern fits none; `option` names where it was written.
Result<std::vector<std::string>> tables_fitting(const std::vector<std::string>& patterns,
                                                const std::string& option,
                                                std::span<const std::string> discovered);

/// The names of `tables` and `exclude_tables` that fit none of the `discovered` tables. A pattern
/// with `*` in `exclude_tables` may fit nothing and is left out; a plain name there may not: the
/// table it meant would be synced.
std::vector<NameNotFound> names_not_found(const Configuration& configuration,
                                          std::span<const std::string> discovered);

}  // namespace ringsync
