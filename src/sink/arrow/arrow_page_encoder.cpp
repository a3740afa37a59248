#include "sink/arrow/arrow_page_encoder.h"

#include <fmt/format.h>

#include "sink/arrow/arrow_mapping.h"

namespace ringsync {
Result<std::unique_ptr<ArrowPageEncoder>> ArrowPageEncoder::make(const Table& table,
                                                                 const ArrowEncoding& encoding) {
  RINGSYNC_ASSIGN(std::vector<ArrowType> types, arrow_types(table, encoding));
  std::unique_ptr<ArrowPageEncoder> encoder(new ArrowPageEncoder);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    ColumnPlace place{{quoted(table.keyspace) + "." + quoted(table.name), table.columns[i],
                       i < table.primary_key_count, encoding.on_unrepresentable},
                      static_cast<uint16_t>(i),
                      std::move(types[i]),
                      encoding.limits};
    encoder->columns_.push_back(make_column_encoder(std::move(place)));
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
