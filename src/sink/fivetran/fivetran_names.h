// What Fivetran makes of the names of tables and columns, as far as its documentation tells, and
// where two names would become one. Thread rule: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/table.h"

namespace ringsync {

enum class NameOf : uint8_t { kTable, kColumn };

/// The name in the destination: lower-case words with single underscores between them; words end
/// where a capital follows a small letter or a digit, and at all that is no letter, digit or
/// underscore. A name that begins with a digit gets an underscore in front; a table's loses those
/// in front of a letter. Letters beyond ASCII, of which Fivetran takes the accents, are left alone.
/// Source: Fivetran's documentation, "Naming conventions", table and column naming rule set.
std::string fivetran_name(std::string_view name, NameOf what);

/// Error kNameCollision where two columns would become one, or a column one of Fivetran's own;
/// kSchema where a name is no UTF-8, which protobuf's strings must be.
Status check_column_names(const Table& table);

/// Tables by their names in the destination, as they are opened one after the other.
class TableNames {
 public:
  /// Error kNameCollision where another table has got the name in the destination already, kSchema
  /// where the name is no UTF-8. A table may be added again.
  Status add(const Table& table);

 private:
  std::map<std::string, std::string> names_;  // in the destination, at the source
};

}  // namespace ringsync
