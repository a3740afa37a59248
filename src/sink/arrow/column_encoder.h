// ColumnEncoder: turns one column of a page into Arrow buffers. Chosen once a table: one virtual
// call a column and page, none a cell. Thread rule: immutable once made; a page belongs to one
// worker.
#pragma once

#include <cstdint>
#include <memory>

#include "cql/page_view.h"
#include "cql/scalar.h"
#include "sink/arrow/arrow_encoding.h"
#include "sink/arrow/arrow_page.h"
#include "sink/arrow/arrow_type.h"
#include "sink/cell_policy.h"

namespace ringsync {

/// Where a column stands and what it becomes.
struct ColumnPlace : CellPolicy {
  uint16_t index = 0;
  ArrowType type;
  ValueLimits limits;
};

class ColumnEncoder {
 public:
  explicit ColumnEncoder(ColumnPlace place) : place_(std::move(place)) {}
  virtual ~ColumnEncoder() = default;
  /// All rows of the page. On failure sets `failed_row`; the error names table and column.
  virtual Result<ArrowColumn> encode(const PageView& page, uint32_t& failed_row) const = 0;

 protected:
  const ColumnPlace& place() const { return place_; }
  bool becomes_null(Decoded outcome, uint32_t& nulled) const {
    return place_.becomes_null(outcome, nulled);
  }
  /// The error for a cell that became no value, and was not allowed to be null.
  Error failure(Decoded outcome) const;

 private:
  ColumnPlace place_;
};

/// Validity bits of a column in the making; takes no memory until the first null.
class ValidityBuilder {
 public:
  explicit ValidityBuilder(uint32_t row_count) : row_count_(row_count) {}
  void set_null(uint32_t row) {
    if (null_count_ == 0) start();
    bits_.data()[row / 8] = static_cast<uint8_t>(bits_.data()[row / 8] & ~(1U << (row % 8)));
    ++null_count_;
  }
  void finish(ArrowColumn& column) && {
    column.null_count = null_count_;
    column.validity = std::move(bits_);
  }

 private:
  void start();

  uint32_t row_count_;
  int64_t null_count_ = 0;
  ColumnBuffer bits_;
};

/// The encoder of a column whose type arrow_types() knows.
std::unique_ptr<ColumnEncoder> make_column_encoder(ColumnPlace place);

/// Encoders of types that become text or binary; called by make_column_encoder().
std::unique_ptr<ColumnEncoder> make_variable_size_encoder(ColumnPlace place);

}  // namespace ringsync
