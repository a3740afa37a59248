#include "sink/adbc/table_layout.h"

#include <fmt/format.h>

#include <map>

#include "model/table.h"
#include "sink/arrow/arrow_mapping.h"

namespace ringsync {
namespace {

Status check_length(const TargetLayout& layout, const Dialect& dialect, std::string_view what,
                    const std::string& name) {
  if (name.size() <= dialect.name_bytes_max()) return {};
  return table_error(
      ErrorCode::kNameCollision, layout,
      fmt::format("the name of {} {} has {} bytes and {} keeps only {} of a name; "
                  "rename it or exclude the table with exclude_tables",
                  what, quoted(name), name.size(), dialect.name(), dialect.name_bytes_max()));
}

Status check_table(const TargetLayout& layout, const Dialect& dialect, size_t columns) {
  if (const auto owner = dialect.owner_of_table(layout.table)) {
    return table_error(ErrorCode::kNameCollision, layout,
                       fmt::format("its name is taken in the destination by {}; exclude "
                                   "the table with exclude_tables",
                                   *owner));
  }
  if (columns > dialect.columns_max()) {
    return table_error(ErrorCode::kDestinationTable, layout,
                       fmt::format("it has {} columns with Ringsync's two and {} takes {} "
                                   "at most; exclude the table with exclude_tables",
                                   columns, dialect.name(), dialect.columns_max()));
  }
  return check_length(layout, dialect, "the table", layout.table);
}

/// Folded names of columns, each with its spelling; Ringsync's own are empty.
using SeenNames = std::map<std::string, std::string>;

Status check_column(const TargetLayout& layout, const Dialect& dialect, const std::string& name,
                    SeenNames& seen) {
  RINGSYNC_TRY(check_length(layout, dialect, "column", name));
  const auto [other, is_new] = seen.emplace(dialect.folded(name), name);
  if (is_new) return {};
  if (other->second.empty()) {
    return table_error(ErrorCode::kNameCollision, layout,
                       fmt::format("column {} has a name that Ringsync needs for itself in "
                                   "the destination; rename it or exclude the table with "
                                   "exclude_tables",
                                   quoted(name)));
  }
  return table_error(ErrorCode::kNameCollision, layout,
                     fmt::format("columns {} and {} are one name in {}, which does not tell upper "
                                 "from lower case; rename one or exclude the table with "
                                 "exclude_tables",
                                 quoted(other->second), quoted(name), dialect.name()));
}

}  // namespace

Error table_error(ErrorCode code, const TargetLayout& layout, const std::string& what) {
  return {code, fmt::format("table {}.{}: {}", quoted(layout.schema), quoted(layout.table), what)};
}

Result<TargetLayout> plan_layout(const TablePlan& plan, const Dialect& dialect,
                                 const ArrowEncoding& encoding) {
  const Table& table = plan.table;
  RINGSYNC_ASSIGN(const std::vector<ArrowType> types, arrow_types(table, encoding));
  TargetLayout layout{table.keyspace, table.name, {}};
  RINGSYNC_TRY(check_table(layout, dialect, table.columns.size() + 2));
  SeenNames seen = {{std::string(kSyncedColumn), ""}, {std::string(kDeletedColumn), ""}};
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i].name;
    RINGSYNC_TRY(check_column(layout, dialect, name, seen));
    layout.columns.push_back({name, types[i], i < table.primary_key_count});
  }
  const ArrowKind synced = encoding.timestamps_as_text ? ArrowKind::kText : ArrowKind::kTimestamp;
  layout.columns.push_back({std::string(kSyncedColumn), synced, false});
  layout.columns.push_back({std::string(kDeletedColumn), ArrowKind::kBoolean, false});
  return layout;
}

}  // namespace ringsync
