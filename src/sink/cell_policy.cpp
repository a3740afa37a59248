#include "sink/cell_policy.h"

#include <fmt/format.h>

namespace ringsync {
namespace {

std::string unrepresentable(bool is_key, std::string_view type_remedy) {
  const std::string_view space = type_remedy.empty() ? "" : " ";
  if (is_key) {
    return fmt::format(
        ": a value that the destination cannot hold exactly.{}{} Key columns are never rounded or "
        "left NULL: correct the value in the source, or exclude the table with exclude_tables",
        space, type_remedy);
  }
  return fmt::format(
      ": a value that the destination cannot hold exactly.{}{} The option on_unrepresentable=null "
      "stores NULL for such values; or correct them in the source, or exclude the table with "
      "exclude_tables",
      space, type_remedy);
}

}  // namespace

std::string column_place(const std::string& table, const Column& column) {
  return fmt::format("table {}, column {} ({})", table, quoted(column.name),
                     to_string(column.type));
}

std::string column_place(const Table& table, const Column& column) {
  return column_place(quoted(table.keyspace) + "." + quoted(table.name), column);
}

Status check_types_are_known(const Table& table) {
  for (const Column& column : table.columns) {
    if (!has_custom_type(column.type)) continue;
    return Error{ErrorCode::kUnsupportedType,
                 column_place(table, column) +
                     ": Ringsync does not know this type; exclude the table with exclude_tables"};
  }
  return {};
}

Error CellPolicy::failure(Decoded outcome, std::string_view type_remedy) const {
  const std::string where = column_place(table, column);
  switch (outcome) {
    case Decoded::kNull:
      return {ErrorCode::kMalformed,
              where +
                  ": a key column without a value; the destination could not tell its rows "
                  "apart. Exclude the table with exclude_tables"};
    case Decoded::kUnrepresentable:
      return {ErrorCode::kUnrepresentable, where + unrepresentable(is_key, type_remedy)};
    default:
      return {ErrorCode::kMalformed,
              where +
                  ": bytes that are no value of this type. Repair the row in the source, or "
                  "exclude the table with exclude_tables"};
  }
}

std::string decimal_remedy(DecimalSize size) {
  return fmt::format(
      "It does not fit DECIMAL({},{}): name a larger size in decimal_types, or leave the column "
      "out of it.",
      size.precision, size.scale);
}

}  // namespace ringsync
