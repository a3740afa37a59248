// NestedBuilder: values of one node of a nested type's tree, gathered as Arrow's columnar format
// has them ("Variable-size List", "Fixed-Size List", "Struct" and "Map" layouts). The root holds a
// page's cells, its children what is inside them. Thread rule: belongs to one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cql/scalar.h"
#include "model/cql_type.h"
#include "sink/arrow/arrow_encoding.h"
#include "sink/arrow/arrow_page.h"
#include "sink/arrow/arrow_type.h"

namespace ringsync {

class NestedBuilder {
 public:
  /// `arrow` is the native form of `type` (arrow_mapping.h).
  NestedBuilder(const CqlType& type, const ArrowType& arrow, const ValueLimits& limits)
      : NestedBuilder(type, arrow, limits, false) {}

  /// Appends the cell's value, walking it once. Where the outcome is not kValue nothing has been
  /// appended for this cell, but children may have grown: truncate(length()) cuts them. kNull also
  /// for no bytes where the type cannot have none.
  Decoded append(CellView cell);
  void append_nulls(size_t count);
  /// Cuts this node and all below it to its first `length` values.
  void truncate(size_t length);
  size_t length() const { return length_; }

  /// The column of all values appended; the builder is used up.
  ArrowColumn finish() &&;

 private:
  NestedBuilder(const CqlType& type, const ArrowType& arrow, const ValueLimits& limits,
                bool is_map_key);

  Decoded append_scalar(CellView cell);
  template <typename T, typename Decode>
  Decoded append_fixed(CellView cell, Decode decode);
  Decoded append_written(CellView cell);
  Decoded append_bytes(CellView cell, bool is_text);
  Decoded append_list(CellView cell);
  Decoded append_map(CellView cell);
  Decoded append_vector(CellView cell);
  Decoded append_fields(CellView cell);
  Decoded append_element(CellView cell);
  Decoded append_key(CellView cell);
  bool end_list();

  TypeKind kind_;
  ArrowKind arrow_;
  ValueLimits limits_;
  bool is_map_key_;                   // or inside one
  size_t list_size_ = 0;              // vector
  std::optional<size_t> fixed_size_;  // vector: of its elements in the cell
  size_t width_ = 0;                  // bytes of a value of fixed size; booleans take one here
  size_t length_ = 0;
  size_t null_count_ = 0;
  std::vector<uint8_t> validity_;  // one byte a value; empty before the first null
  std::vector<uint8_t> values_;    // width_ bytes a value
  std::vector<int32_t> offsets_;   // text, binary, list, map: length_ + 1
  std::string data_;               // text and binary
  std::vector<NestedBuilder> children_;
};

}  // namespace ringsync
