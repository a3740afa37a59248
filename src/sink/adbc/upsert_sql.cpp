#include "sink/adbc/upsert_sql.h"

#include <fmt/format.h>

#include "model/table.h"

namespace ringsync {

std::string key_list(const TargetLayout& layout) {
  return "(" + joined(layout, column_name, ", ", true) + ")";
}

std::string upsert_sql(const TargetLayout& layout, const std::string& table,
                       const std::string& stage) {
  std::string changes;
  for (const TargetColumn& column : layout.columns) {
    if (column.is_key) continue;
    changes += fmt::format("{}{} = excluded.{}", changes.empty() ? "" : ", ", quoted(column.name),
                           quoted(column.name));
  }
  // WHERE true: without it SQLite reads ON as a join's.
  return fmt::format(
      "INSERT INTO {} ({}) SELECT {} FROM {} AS s WHERE true ON CONFLICT {} DO UPDATE SET {}",
      table, joined(layout, column_name, ", "), joined(layout, staged_value, ", "), stage,
      key_list(layout), changes);
}

}  // namespace ringsync
