// Pages as columns of the values that the Connector SDK takes, made by workers without the GIL.
// What row_dicts.h makes Python objects of. Thread rule: that of PageEncoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sink/fivetran/fivetran_columns.h"
#include "sink/sink.h"

namespace ringsync::python {

/// One column of a page. Which of the vectors holds the values follows from its type.
struct RowColumn {
  std::vector<uint8_t> is_null;  // one a row; empty where none is
  std::vector<int64_t> numbers;  // BOOLEAN, INT, LONG; NAIVE_DATE: days; UTC_DATETIME: microseconds
  std::vector<double> reals;     // FLOAT, DOUBLE
  std::vector<uint64_t> ends;    // STRING, JSON, DECIMAL, BINARY: where each ends in `bytes`
  std::string bytes;
  uint32_t nulled_count = 0;

  bool null_at(uint32_t row) const { return !is_null.empty() && is_null[row] != 0; }
  std::string_view bytes_at(uint32_t row) const {
    const uint64_t start = row == 0 ? 0 : ends[row - 1];
    return std::string_view(bytes).substr(start, ends[row] - start);
  }
  size_t byte_size() const {
    return is_null.size() + bytes.size() + 8 * (numbers.size() + reals.size() + ends.size());
  }
};

class RowPage final : public EncodedPage {
 public:
  explicit RowPage(std::vector<RowColumn> columns);
  size_t byte_size() const override { return byte_size_; }
  const std::vector<RowColumn>& columns() const { return columns_; }

 private:
  std::vector<RowColumn> columns_;
  size_t byte_size_ = 0;
};

/// The encoder of a table whose columns are `columns`.
std::unique_ptr<PageEncoder> make_row_page_encoder(const std::vector<FivetranColumn>& columns);

}  // namespace ringsync::python
