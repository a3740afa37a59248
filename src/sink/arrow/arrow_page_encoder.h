// ArrowPageEncoder: page -> ArrowPage, column by column.
// Thread rule: that of PageEncoder.
#pragma once

#include <memory>
#include <vector>

#include "model/table.h"
#include "sink/arrow/arrow_encoding.h"
#include "sink/arrow/arrow_type.h"
#include "sink/arrow/column_encoder.h"
#include "sink/sink.h"

namespace ringsync {

class ArrowPageEncoder final : public PageEncoder {
 public:
  /// Error kUnsupportedType, naming table, column and type, where a column has no encoder.
  static Result<std::unique_ptr<ArrowPageEncoder>> make(const Table& table,
                                                        const ArrowEncoding& encoding);

  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t& failed_row) override;

 private:
  ArrowPageEncoder() = default;
  std::vector<std::unique_ptr<ColumnEncoder>> columns_;
};

/// The types of the table's columns as ArrowPageEncoder encodes them, or the error of its make().
Result<std::vector<ArrowType>> arrow_types(const Table& table, const ArrowEncoding& encoding);

}  // namespace ringsync
