#include "sink/adbc/target_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "model/table.h"
#include "sink/arrow/arrow_page_encoder.h"

namespace ringsync {
namespace {

Error table_error(ErrorCode code, const TargetLayout& layout, const std::string& what) {
  return {code, fmt::format("table {}.{}: {}", quoted(layout.schema), quoted(layout.table), what)};
}

Error constraint_error(const TargetLayout& layout, const std::string& what) {
  return table_error(ErrorCode::kDestination, layout,
                     fmt::format("the destination's table has a {}, which keeps rows of the source "
                                 "out; remove it, or rename the table, then run again",
                                 what));
}

std::set<std::string> folded_keys(const TargetLayout& layout) {
  std::set<std::string> keys;
  for (const TargetColumn& column : layout.columns) {
    if (column.is_key) keys.insert(folded(column.name));
  }
  return keys;
}

}  // namespace

Result<TargetLayout> plan_layout(const TablePlan& plan, const std::string& catalog,
                                 const ArrowEncoding& encoding) {
  const Table& table = plan.table;
  RINGSYNC_ASSIGN(const std::vector<ArrowType> types, arrow_types(table, encoding));
  TargetLayout layout{catalog, table.keyspace, table.name, {}};
  std::map<std::string, std::string> seen = {{std::string(kSyncedColumn), ""},
                                             {std::string(kDeletedColumn), ""}};
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const auto [other, is_new] = seen.emplace(folded(column.name), column.name);
    if (!is_new && other->second.empty()) {
      return table_error(
          ErrorCode::kDestination, layout,
          fmt::format("column {} has a name that Ringsync needs for itself in the "
                      "destination; rename it or exclude the table with exclude_tables",
                      quoted(column.name)));
    }
    if (!is_new) {
      return table_error(
          ErrorCode::kDestination, layout,
          fmt::format("columns {} and {} are one name in DuckDB, which does not tell "
                      "upper from lower case; rename one or exclude the table with "
                      "exclude_tables",
                      quoted(other->second), quoted(column.name)));
    }
    layout.columns.push_back({column.name, types[i], i < table.primary_key_count});
  }
  layout.columns.push_back({std::string(kSyncedColumn), ArrowKind::kTimestamp, false});
  layout.columns.push_back({std::string(kDeletedColumn), ArrowKind::kBoolean, false});
  return layout;
}

TargetTable::TargetTable(AdbcClient& client, TargetLayout layout, uint32_t number)
    : client_(client),
      layout_(std::move(layout)),
      stage_(fmt::format("ringsync_stage_{}", number)) {
  for (const TargetColumn& column : layout_.columns) fields_.push_back({column.name, column.type});
}

Result<std::unique_ptr<TargetTable>> TargetTable::open(AdbcClient& client, TargetLayout layout,
                                                       uint32_t number, bool& is_table_error) {
  is_table_error = false;
  std::unique_ptr<TargetTable> table(new TargetTable(client, std::move(layout), number));
  RINGSYNC_TRY(table->prepare(is_table_error));
  return table;
}

Status TargetTable::check_existing(const std::vector<TextRow>& existing) const {
  for (const TextRow& row : existing) {
    if (*row[0] != layout_.table) {
      return table_error(ErrorCode::kDestination, layout_,
                         fmt::format("the destination has a table {}, which is the same name in "
                                     "DuckDB; exclude one of the two with exclude_tables",
                                     quoted(*row[0])));
    }
    const auto planned =
        std::find_if(layout_.columns.begin(), layout_.columns.end(),
                     [&row](const auto& column) { return folded(column.name) == folded(*row[1]); });
    if (planned == layout_.columns.end() || *row[2] == duckdb_type(planned->type)) continue;
    return table_error(
        ErrorCode::kDestination, layout_,
        fmt::format("column {} is {} in the destination and needs {}; rename or drop "
                    "the destination's table, or change its column's type, then run "
                    "again",
                    quoted(planned->name), *row[2], duckdb_type(planned->type)));
  }
  return {};
}

Status TargetTable::check_no_view(bool& is_table_error) {
  RINGSYNC_ASSIGN(const auto views, client_.query_text(views_sql(layout_)));
  if (views.empty()) return {};
  is_table_error = true;
  return table_error(ErrorCode::kDestination, layout_,
                     fmt::format("the destination has a view of this name, {}; drop or rename it, "
                                 "or exclude the table with exclude_tables",
                                 quoted(*views[0][0])));
}

// What is synced always has its key and Ringsync's own columns; any other value may be NULL.
bool TargetTable::takes_not_null(const std::string& column,
                                 const std::vector<TextRow>& existing) const {
  const auto ours =
      std::find_if(layout_.columns.begin(), layout_.columns.end(),
                   [&column](const auto& mine) { return folded(mine.name) == folded(column); });
  if (ours != layout_.columns.end()) {
    return ours->is_key || ours->name == kSyncedColumn || ours->name == kDeletedColumn;
  }
  return std::any_of(existing.begin(), existing.end(), [&column](const TextRow& row) {
    return *row[1] == column && row[3].has_value();
  });
}

Status TargetTable::check_constraints(const std::vector<TextRow>& existing, bool& is_table_error) {
  RINGSYNC_ASSIGN(const auto rows, client_.query_text(constraints_sql(layout_)));
  is_table_error = true;
  std::map<std::string, std::set<std::string>> unique;  // columns by the constraint's number
  for (const TextRow& row : rows) {
    const std::string& kind = *row[1];
    if (kind == "NOT NULL") {
      if (takes_not_null(*row[2], existing)) continue;
      return constraint_error(layout_, "NOT NULL constraint on column " + quoted(*row[2]));
    }
    const bool is_unique = kind == "PRIMARY KEY" || kind == "UNIQUE";
    if (!is_unique) {
      return constraint_error(layout_, row[2] ? kind + " constraint on " + quoted(*row[2]) : kind);
    }
    unique[*row[0]].insert(folded(*row[2]));
  }
  for (const auto& [number, columns] : unique) {
    if (columns == folded_keys(layout_)) continue;
    return constraint_error(layout_,
                            "PRIMARY KEY or UNIQUE constraint on other columns than the "
                            "source's primary key");
  }
  is_table_error = false;
  return {};
}

Status TargetTable::prepare(bool& is_table_error) {
  RINGSYNC_TRY(client_.exec(create_schema_sql(layout_.catalog, layout_.schema)));
  RINGSYNC_TRY(check_no_view(is_table_error));
  RINGSYNC_ASSIGN(const auto existing, client_.query_text(describe_sql(layout_)));
  if (existing.empty()) {
    was_created_ = true;
    was_empty_ = true;
    is_aligned_ = true;
    return client_.exec(create_table_sql(layout_));
  }
  Status checked = check_existing(existing);
  is_table_error = !checked.ok();
  RINGSYNC_TRY(std::move(checked));
  RINGSYNC_TRY(check_constraints(existing, is_table_error));
  is_aligned_ = existing.size() == layout_.columns.size();
  for (size_t i = 0; i < layout_.columns.size(); ++i) {
    const TargetColumn& column = layout_.columns[i];
    is_aligned_ = is_aligned_ && *existing[i][1] == column.name;
    const bool is_there = std::any_of(existing.begin(), existing.end(), [&column](const auto& row) {
      return folded(*row[1]) == folded(column.name);
    });
    if (!is_there) RINGSYNC_TRY(client_.exec(add_column_sql(layout_, column)));
  }
  RINGSYNC_ASSIGN(const int64_t rows, client_.query_integer(has_rows_sql(layout_)));
  was_empty_ = rows == 0;
  return {};
}

void TargetTable::add(const std::shared_ptr<const ArrowPage>& page, RowSlice slice) {
  if (slice.row_count == 0) return;
  may_repeat_ = may_repeat_ || slice.may_repeat;
  if (!pending_.empty()) {
    PendingSlice& last = pending_.back();
    if (last.page == page && last.first_row + last.row_count == slice.first_row) {
      last.row_count += slice.row_count;
      return;
    }
  }
  pending_.push_back({page, slice.first_row, slice.row_count});
}

std::shared_ptr<const std::vector<ArrowColumn>> TargetTable::added_columns(
    int64_t synced_us) const {
  uint32_t rows = 0;
  for (const PendingSlice& slice : pending_) rows = std::max(rows, slice.row_count);
  ArrowColumn synced;
  synced.values = ColumnBuffer(rows * sizeof(int64_t));
  std::fill_n(synced.values.as<int64_t>(), rows, synced_us);
  ArrowColumn deleted;
  deleted.values = ColumnBuffer((size_t{rows} + 7) / 8);
  std::memset(deleted.values.data(), 0, deleted.values.size());
  std::vector<ArrowColumn> columns;
  columns.push_back(std::move(synced));
  columns.push_back(std::move(deleted));
  return std::make_shared<const std::vector<ArrowColumn>>(std::move(columns));
}

Status TargetTable::flush(int64_t synced_us) {
  if (pending_.empty()) return {};
  IngestTarget target{layout_.catalog, layout_.schema, layout_.table, false};
  if (!goes_direct()) {
    target = {"", "", stage_, true};
    if (!is_staged_) RINGSYNC_TRY(client_.exec(create_stage_sql(layout_, stage_)));
    is_staged_ = true;
  }
  int64_t rows = 0;
  for (const PendingSlice& slice : pending_) rows += slice.row_count;
  auto added = added_columns(synced_us);
  ArrowArrayStream stream{};
  make_slice_stream(fields_, std::exchange(pending_, {}), std::move(added), &stream);
  return client_.ingest(&stream, target, rows);
}

Status TargetTable::merge() {
  if (!is_staged_) return {};
  if (may_repeat_) RINGSYNC_TRY(client_.exec(dedupe_stage_sql(layout_, stage_)));
  if (!was_empty_ || may_repeat_) {
    RINGSYNC_TRY(client_.exec(delete_staged_keys_sql(layout_, stage_)));
  }
  RINGSYNC_TRY(client_.exec(insert_staged_sql(layout_, stage_)));
  RINGSYNC_TRY(client_.exec(drop_stage_sql(stage_)));
  is_staged_ = false;
  return {};
}

Result<int64_t> TargetTable::sweep(int64_t run_started_us) {
  return client_.query_integer(sweep_sql(layout_, run_started_us));
}

}  // namespace ringsync
