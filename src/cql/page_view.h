// PageView: one page of result bytes, indexed once so that every cell can be read in place. The
// first step after the source: page bytes -> PageView -> the sink's encoder.
// Thread rule: a PageIndex belongs to one worker; its views live until the next call of index().
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ringsync {

/// One cell of a row: null (no value), or bytes, possibly none. Valid as long as its page.
class CellView {
 public:
  CellView() = default;
  CellView(const uint8_t* data, int32_t size) : data_(data), size_(size) {}

  bool is_null() const { return size_ < 0; }
  /// Null by the length that servers write; each negative one is null.
  bool is_plain_null() const { return size_ == -1; }
  /// Bytes in the cell; 0 for null as for empty.
  size_t size() const { return size_ < 0 ? 0 : static_cast<size_t>(size_); }
  const uint8_t* data() const { return data_; }
  Bytes bytes() const { return {data_, size()}; }

 private:
  const uint8_t* data_ = nullptr;
  int32_t size_ = -1;
};

/// Where a cell lies in its page: `size` is negative for null.
struct CellPosition {
  uint32_t offset;
  int32_t size;
};

/// Rows × columns of one page. Every cell lies inside the page (index() has checked it), so readers
/// check only that a cell's size fits its type.
class PageView {
 public:
  PageView() = default;
  PageView(const uint8_t* base, const CellPosition* cells, uint32_t rows, uint16_t columns)
      : base_(base),
        cells_(cells),
        row_count_(rows),
        column_count_(columns),
        cells_a_row_(columns) {}

  uint32_t row_count() const { return row_count_; }
  uint16_t column_count() const { return column_count_; }

  /// First byte of the page.
  const uint8_t* base() const { return base_; }

  CellView cell(uint32_t row, uint16_t column) const {
    const CellPosition at = cells_[size_t{row} * cells_a_row_ + column];
    return {base_ + at.offset, at.size};
  }

  /// The same rows with their first `columns` columns only; at most as many as there are.
  PageView first_columns(uint16_t columns) const {
    PageView view = *this;
    view.column_count_ = columns;
    return view;
  }

 private:
  const uint8_t* base_ = nullptr;
  const CellPosition* cells_ = nullptr;  // row by row
  uint32_t row_count_ = 0;
  uint16_t column_count_ = 0;
  uint16_t cells_a_row_ = 0;
};

/// Finds the cells of pages, reusing its memory from page to page.
class PageIndex {
 public:
  /// Indexes a rows region: row_count × column_count cells, each a big-endian int32 length
  /// (negative: null) and so many bytes, and nothing after them. Source: native_protocol_v4.spec
  /// section 4.2.5.2 "Rows" (<rows_content>), section 3 ([bytes]). Error kMalformed where the bytes
  /// end early or go on.
  Result<PageView> index(Bytes rows, uint32_t row_count, uint16_t column_count);

  /// The view of the last index(), all its columns, without the rows whose cell in `column` is
  /// null.
  PageView without_null_rows(const PageView& page, uint16_t column);

 private:
  std::vector<CellPosition> cells_;
};

}  // namespace ringsync
