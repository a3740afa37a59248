// The definitions that SQLite keeps in sqlite_schema, the texts of the statements that made tables,
// indexes and triggers: read as far as it takes to change types in them.
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsync {

/// A column whose type becomes another one. Type names are single words.
struct TypeChange {
  std::string column;
  std::string from;
  std::string to;
};

/// What follows the table's name in its definition, with the types changed and all else as it is:
/// defaults, constraints, comments, options. Nothing where it is not understood, or a column is not
/// found with the type that it should have.
std::optional<std::string> columns_with_types(std::string_view definition,
                                              const std::vector<TypeChange>& changes);

/// Whether a CHECK is in the table's definition.
bool has_check(std::string_view definition);

/// The statement that makes the index or trigger of this definition in the database's main schema,
/// whatever temporary tables there are.
std::string in_main(const std::string& definition);

}  // namespace ringsync
