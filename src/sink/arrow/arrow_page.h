// ArrowPage: one page in Arrow's columnar memory layout. Between the encoding worker and the sink.
// Thread rule: immutable once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "sink/sink.h"

namespace ringsync {

/// Memory of one Arrow buffer; uninitialised when made, but for the padding that the Arrow format
/// recommends: DuckDB reads a byte past the bits of a slice.
class ColumnBuffer {
 public:
  ColumnBuffer() = default;
  explicit ColumnBuffer(size_t size)
      : data_(std::make_unique_for_overwrite<uint8_t[]>(size + kPadding)), size_(size) {
    std::memset(data_.get() + size, 0, kPadding);
  }

  uint8_t* data() { return data_.get(); }
  const uint8_t* data() const { return data_.get(); }
  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_.get());
  }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kPadding = 8;
  std::unique_ptr<uint8_t[]> data_;
  size_t size_ = 0;
};

/// One column of a page, or what lies inside a nested one. Layout: Arrow columnar format,
/// "Fixed-size primitive layout", "Variable-size binary layout" with 32-bit offsets, and the nested
/// layouts.
struct ArrowColumn {
  int64_t null_count = 0;
  int64_t length = 0;        // of what lies inside a nested column; a page's columns have its rows
  ColumnBuffer validity;     // one bit a row; empty where null_count is 0
  ColumnBuffer values;       // values, or bits of booleans, or offsets (rows + 1)
  ColumnBuffer data;         // bytes of text and binary
  bool has_values = true;    // false: struct and fixed-size list, which are their children alone
  bool is_struct = false;    // its children have its rows
  bool has_offsets = false;  // of text and binary: `data` counts
  std::vector<ArrowColumn> children;
  uint32_t nulled_count = 0;  // of the nulls: values that the destination cannot hold

  size_t byte_size() const {
    size_t size = validity.size() + values.size() + data.size();
    for (const ArrowColumn& child : children) size += child.byte_size();
    return size;
  }
};

class ArrowPage final : public EncodedPage {
 public:
  ArrowPage(uint32_t row_count, std::vector<ArrowColumn> columns)
      : row_count_(row_count), columns_(std::move(columns)) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      byte_size_ += columns_[i].byte_size();
      if (columns_[i].nulled_count == 0) continue;
      nulled_.push_back({static_cast<uint16_t>(i), columns_[i].nulled_count});
    }
  }

  size_t byte_size() const override { return byte_size_; }
  uint32_t row_count() const { return row_count_; }
  const std::vector<ArrowColumn>& columns() const { return columns_; }

 private:
  uint32_t row_count_ = 0;
  std::vector<ArrowColumn> columns_;
  size_t byte_size_ = 0;
};

}  // namespace ringsync
