#include "sink/arrow/arrow_page_encoder.h"

#include <fmt/format.h>

#include "sink/arrow/arrow_type.h"

namespace ringsync {

Status check_arrow_types(const Table& table) {
  for (const Column& column : table.columns) {
    if (arrow_kind(column.type)) continue;
    return Error{ErrorCode::kUnsupportedType,
                 fmt::format("table {}.{}, column {}: type {} is not supported yet; exclude the "
                             "table with exclude_tables",
                             quoted(table.keyspace), quoted(table.name), quoted(column.name),
                             to_string(column.type))};
  }
  return {};
}

Result<std::unique_ptr<ArrowPageEncoder>> ArrowPageEncoder::make(const Table& table) {
  RINGSYNC_TRY(check_arrow_types(table));
  std::unique_ptr<ArrowPageEncoder> encoder(new ArrowPageEncoder);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    encoder->columns_.push_back(
        make_column_encoder({quoted(table.keyspace) + "." + quoted(table.name), table.columns[i],
                             static_cast<uint16_t>(i), i < table.primary_key_count}));
  }
  return encoder;
}

Result<std::unique_ptr<EncodedPage>> ArrowPageEncoder::encode(const PageView& page,
                                                              uint32_t& failed_row) {
  if (page.column_count() != columns_.size()) {
    return Error{ErrorCode::kSchemaChanged,
                 fmt::format("a page has {} columns where its table's plan has {}",
                             page.column_count(), columns_.size())};
  }
  std::vector<ArrowColumn> columns;
  columns.reserve(columns_.size());
  for (const auto& encoder : columns_) {
    RINGSYNC_ASSIGN(ArrowColumn column, encoder->encode(page, failed_row));
    columns.push_back(std::move(column));
  }
  return std::unique_ptr<EncodedPage>(
      std::make_unique<ArrowPage>(page.row_count(), std::move(columns)));
}

}  // namespace ringsync
