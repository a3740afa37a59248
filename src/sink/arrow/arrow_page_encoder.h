// ArrowPageEncoder: page -> ArrowPage, column by column.
// Thread rule: that of PageEncoder.
#pragma once

#include <memory>
#include <vector>

#include "model/table.h"
#include "sink/arrow/column_encoder.h"
#include "sink/sink.h"

namespace ringsync {

class ArrowPageEncoder final : public PageEncoder {
 public:
  /// Error kUnsupportedType, naming table, column and type, where a column has no encoder.
  static Result<std::unique_ptr<ArrowPageEncoder>> make(const Table& table);

  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t& failed_row) override;

 private:
  ArrowPageEncoder() = default;
  std::vector<std::unique_ptr<ColumnEncoder>> columns_;
};

/// Whether every column of the table can be encoded; the error of ArrowPageEncoder::make() if not.
Status check_arrow_types(const Table& table);

}  // namespace ringsync
