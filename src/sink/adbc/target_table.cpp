#include "sink/adbc/target_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace ringsync {
namespace {

ArrowColumn repeated_instant(uint32_t rows, int64_t us) {
  ArrowColumn column;
  column.values = ColumnBuffer(rows * sizeof(int64_t));
  std::fill_n(column.values.as<int64_t>(), rows, us);
  return column;
}

ArrowColumn repeated_text(uint32_t rows, const std::string& text) {
  ArrowColumn column;
  column.has_offsets = true;
  column.values = ColumnBuffer((size_t{rows} + 1) * sizeof(int32_t));
  column.data = ColumnBuffer(rows * text.size());
  for (uint32_t row = 0; row <= rows; ++row) {
    column.values.as<int32_t>()[row] = static_cast<int32_t>(row * text.size());
    if (row < rows) std::memcpy(column.data.data() + row * text.size(), text.data(), text.size());
  }
  return column;
}

ArrowColumn repeated_bit(uint32_t rows, bool bit) {
  ArrowColumn column;
  column.values = ColumnBuffer((size_t{rows} + 7) / 8);
  std::memset(column.values.data(), bit ? 0xFF : 0, column.values.size());
  return column;
}

}  // namespace

TargetTable::TargetTable(AdbcClient& client, const Dialect& dialect, TargetLayout layout,
                         uint32_t number)
    : client_(client),
      dialect_(dialect),
      layout_(std::move(layout)),
      stage_(fmt::format("ringsync_stage_{}", number)) {
  for (size_t i = 0; i < layout_.columns.size(); ++i) {
    const TargetColumn& column = layout_.columns[i];
    fields_.push_back({column.name, column.type});
    staged_fields_.push_back({staged_name(i, column), column.type});
  }
}

Result<std::unique_ptr<TargetTable>> TargetTable::open(AdbcClient& client, const Dialect& dialect,
                                                       TargetLayout layout, uint32_t number,
                                                       bool& is_table_error) {
  is_table_error = false;
  std::unique_ptr<TargetTable> table(new TargetTable(client, dialect, std::move(layout), number));
  RINGSYNC_ASSIGN(table->found_, shape_table(client, dialect, table->layout_, is_table_error));
  return table;
}

void TargetTable::add(const std::shared_ptr<const ArrowPage>& page, RowSlice slice) {
  if (slice.row_count == 0) return;
  has_deletes_ = has_deletes_ || slice.operation == Operation::kDelete;
  gets_deletes_ = gets_deletes_ || has_deletes_;
  may_repeat_ = may_repeat_ || slice.may_repeat || gets_deletes_;
  if (!pending_.empty()) {
    PendingSlice& last = pending_.back();
    if (last.page == page && last.operation == slice.operation &&
        last.first_row + last.row_count == slice.first_row) {
      last.row_count += slice.row_count;
      return;
    }
  }
  pending_.push_back({page, slice.first_row, slice.row_count, slice.operation, nullptr});
}

std::shared_ptr<const std::vector<ArrowColumn>> TargetTable::added_columns(
    Operation operation, int64_t synced_us) const {
  uint32_t rows = 0;
  for (const PendingSlice& slice : pending_) rows = std::max(rows, slice.row_count);
  const ArrowKind synced = layout_.columns[layout_.columns.size() - 2].type.kind;
  std::vector<ArrowColumn> columns;
  columns.push_back(synced == ArrowKind::kText
                        ? repeated_text(rows, instant_text(synced_us, 'T') + "Z")
                        : repeated_instant(rows, synced_us));
  columns.push_back(repeated_bit(rows, operation == Operation::kDelete));
  return std::make_shared<const std::vector<ArrowColumn>>(std::move(columns));
}

void TargetTable::fill_added_columns(int64_t synced_us) {
  const auto upserts = added_columns(Operation::kUpsert, synced_us);
  const auto deletes = has_deletes_ ? added_columns(Operation::kDelete, synced_us) : nullptr;
  for (PendingSlice& slice : pending_) {
    slice.added = slice.operation == Operation::kDelete ? deletes : upserts;
  }
}

Status TargetTable::flush(int64_t synced_us) {
  if (pending_.empty()) return {};
  IngestTarget target = dialect_.ingest_target(layout_);
  const bool is_direct = goes_direct();
  if (!is_direct) {
    target = {"", "", stage_, true};
    if (!is_staged_) RINGSYNC_TRY(client_.exec(dialect_.create_stage_sql(layout_, stage_)));
    is_staged_ = true;
  }
  int64_t rows = 0;
  for (const PendingSlice& slice : pending_) rows += slice.row_count;
  // What is staged may be in the table already.
  if (is_direct) found_.rows += static_cast<uint64_t>(rows);
  fill_added_columns(synced_us);
  ArrowArrayStream stream{};
  make_slice_stream(is_direct ? fields_ : staged_fields_, std::exchange(pending_, {}), &stream);
  return client_.ingest(&stream, target, rows);
}

Result<int64_t> TargetTable::merge() {
  if (!is_staged_) return 0;
  int64_t deleted = 0;
  if (may_repeat_) RINGSYNC_TRY(client_.exec(dialect_.dedupe_stage_sql(layout_, stage_)));
  if (has_deletes_) {
    RINGSYNC_ASSIGN(deleted, client_.exec_counted(dialect_.delete_rows_sql(layout_, stage_)));
    RINGSYNC_TRY(client_.exec(dialect_.drop_staged_deletes_sql(layout_, stage_)));
  }
  for (const std::string& sql :
       dialect_.merge_sql(layout_, stage_, !found_.was_empty || may_repeat_)) {
    RINGSYNC_TRY(client_.exec(sql));
  }
  RINGSYNC_TRY(client_.exec(dialect_.drop_stage_sql(stage_)));
  is_staged_ = false;
  has_deletes_ = false;
  may_repeat_ = false;
  return deleted;
}

Result<int64_t> TargetTable::sweep(int64_t run_started_us) {
  return client_.exec_counted(dialect_.sweep_sql(layout_, run_started_us));
}

}  // namespace ringsync
