// ArrowPageEncoder: page -> ArrowPage, column by column.
// Thread rule: that of PageEncoder.
#pragma once

#include <memory>
#include <vector>

#include "model/table.h"
#include "sink/arrow/arrow_encoding.h"
#include "sink/arrow/column_encoder.h"
#include "sink/sink.h"

namespace ringsync {

class ArrowPageEncoder final : public PageEncoder {
 public:
  /// Errors are those of arrow_types().
  static Result<std::unique_ptr<ArrowPageEncoder>> make(const Table& table,
                                                        const ArrowEncoding& encoding);

  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t& failed_row) override;

 private:
  ArrowPageEncoder() = default;
  std::vector<std::unique_ptr<ColumnEncoder>> columns_;
};

}  // namespace ringsync
