#include "sink/arrow/nested_builder.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "cql/key_rules.h"
#include "cql/nested_reader.h"
#include "cql/scalar_text.h"
#include "cql/utf8.h"
#include "sink/arrow/limited_decoder.h"

namespace ringsync {
namespace {

constexpr size_t kLengthMax = std::numeric_limits<int32_t>::max();

size_t width_of(ArrowKind kind) {
  switch (kind) {
    case ArrowKind::kInt8:
    case ArrowKind::kBoolean: return 1;
    case ArrowKind::kInt16: return 2;
    case ArrowKind::kInt32:
    case ArrowKind::kFloat:
    case ArrowKind::kDate: return 4;
    case ArrowKind::kInt64:
    case ArrowKind::kDouble:
    case ArrowKind::kTimestamp:
    case ArrowKind::kTime: return 8;
    case ArrowKind::kUuid: return 16;
    default: return 0;
  }
}

bool has_offsets(ArrowKind kind) {
  return kind == ArrowKind::kText || kind == ArrowKind::kBinary || kind == ArrowKind::kList ||
         kind == ArrowKind::kMap;
}

ColumnBuffer copied(const void* data, size_t size) {
  ColumnBuffer buffer(size);
  if (size > 0) std::memcpy(buffer.data(), data, size);
  return buffer;
}

/// One bit for each byte that is not zero.
ColumnBuffer packed(const std::vector<uint8_t>& bytes) {
  ColumnBuffer bits((bytes.size() + 7) / 8);
  std::memset(bits.data(), 0, bits.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == 0) continue;
    bits.data()[i / 8] = static_cast<uint8_t>(bits.data()[i / 8] | (1U << (i % 8)));
  }
  return bits;
}

}  // namespace

NestedBuilder::NestedBuilder(const CqlType& type, const ArrowType& arrow, const ValueLimits& limits,
                             bool is_map_key)
    : kind_(type.kind),
      arrow_(arrow.kind),
      limits_(limits),
      is_map_key_(is_map_key),
      width_(width_of(arrow.kind)) {
  if (kind_ == TypeKind::kVector) {
    list_size_ = type.dimensions;
    fixed_size_ = vector_element_size(type.children[0]);
  }
  if (has_offsets(arrow_)) offsets_.push_back(0);
  for (size_t i = 0; i < type.children.size(); ++i) {
    const bool is_key = is_map_key || (kind_ == TypeKind::kMap && i == 0);
    children_.push_back(NestedBuilder(type.children[i], arrow.children[i].type, limits, is_key));
  }
}

void NestedBuilder::append_nulls(size_t count) {
  if (validity_.empty()) validity_.assign(length_, 1);
  validity_.insert(validity_.end(), count, 0);
  null_count_ += count;
  length_ += count;
  values_.resize(values_.size() + width_ * count);
  if (!offsets_.empty()) offsets_.insert(offsets_.end(), count, offsets_.back());
  if (arrow_ == ArrowKind::kFixedSizeList) children_[0].append_nulls(list_size_ * count);
  if (arrow_ != ArrowKind::kStruct) return;
  for (NestedBuilder& child : children_) child.append_nulls(count);
}

void NestedBuilder::truncate(size_t length) {
  if (!validity_.empty()) {
    null_count_ -= static_cast<size_t>(
        std::count(validity_.begin() + static_cast<ptrdiff_t>(length), validity_.end(), 0));
    validity_.resize(length);
  }
  length_ = length;
  values_.resize(width_ * length);
  if (!offsets_.empty()) offsets_.resize(length + 1);
  switch (arrow_) {
    case ArrowKind::kText:
    case ArrowKind::kBinary: data_.resize(static_cast<size_t>(offsets_.back())); break;
    case ArrowKind::kList:
    case ArrowKind::kMap:
      for (NestedBuilder& child : children_) child.truncate(static_cast<size_t>(offsets_.back()));
      break;
    case ArrowKind::kFixedSizeList: children_[0].truncate(list_size_ * length); break;
    case ArrowKind::kStruct:
      for (NestedBuilder& child : children_) child.truncate(length);
      break;
    default: break;
  }
}

Decoded NestedBuilder::append(CellView cell) {
  Decoded outcome = Decoded::kNull;
  switch (arrow_) {
    case ArrowKind::kList: outcome = append_list(cell); break;
    case ArrowKind::kMap: outcome = append_map(cell); break;
    case ArrowKind::kFixedSizeList: outcome = append_vector(cell); break;
    case ArrowKind::kStruct: outcome = append_fields(cell); break;
    default: outcome = append_scalar(cell); break;
  }
  if (outcome != Decoded::kValue) return outcome;
  ++length_;
  if (!validity_.empty()) validity_.push_back(1);
  return outcome;
}

Decoded NestedBuilder::append_element(CellView cell) {
  const Decoded outcome = append(cell);
  if (outcome != Decoded::kNull) return outcome;
  append_nulls(1);
  return Decoded::kValue;
}

template <typename T, typename Decode>
Decoded NestedBuilder::append_fixed(CellView cell, Decode decode) {
  T value{};
  const Decoded outcome = decode(cell, value);
  if (outcome != Decoded::kValue) return outcome;
  if (is_map_key_ && merges_with_another(kind_, cell)) return Decoded::kUnrepresentable;
  const size_t at = values_.size();
  values_.resize(at + sizeof value);
  std::memcpy(values_.data() + at, &value, sizeof value);
  return outcome;
}

Decoded NestedBuilder::append_bytes(CellView cell, bool is_text) {
  if (cell.is_null()) return Decoded::kNull;
  if (cell.size() > limits_.value_bytes_max || data_.size() + cell.size() > kLengthMax) {
    return Decoded::kUnrepresentable;
  }
  const std::string_view text = as_text(cell.bytes());
  if (is_text && !is_utf8(text)) return Decoded::kMalformed;
  if (is_text && !limits_.text_holds_nul && has_nul(text)) {
    return Decoded::kUnrepresentable;
  }
  data_ += text;
  offsets_.push_back(static_cast<int32_t>(data_.size()));
  return Decoded::kValue;
}

Decoded NestedBuilder::append_written(CellView cell) {
  const size_t start = data_.size();
  Decoded outcome = ringsync::append_scalar(kind_, cell, data_);
  if (outcome == Decoded::kValue && is_map_key_ && merges_with_another(kind_, cell)) {
    outcome = Decoded::kUnrepresentable;
  }
  if (data_.size() > kLengthMax) outcome = Decoded::kUnrepresentable;
  if (outcome == Decoded::kValue) {
    offsets_.push_back(static_cast<int32_t>(data_.size()));
  } else {
    data_.resize(start);
  }
  return outcome;
}

Decoded NestedBuilder::append_scalar(CellView cell) {
  const auto plain = [](auto decode) {
    return [decode](CellView from, auto& out) { return decode(from, out); };
  };
  switch (arrow_) {
    case ArrowKind::kInt8: return append_fixed<int8_t>(cell, plain(decode_tinyint));
    case ArrowKind::kInt16: return append_fixed<int16_t>(cell, plain(decode_smallint));
    case ArrowKind::kInt32: return append_fixed<int32_t>(cell, plain(decode_int));
    case ArrowKind::kInt64: return append_fixed<int64_t>(cell, plain(decode_bigint));
    case ArrowKind::kBoolean: return append_fixed<bool>(cell, plain(decode_boolean));
    case ArrowKind::kTime: return append_fixed<int64_t>(cell, plain(decode_time_ns));
    case ArrowKind::kUuid: return append_fixed<Uuid>(cell, plain(decode_uuid));
    case ArrowKind::kFloat:
      return append_fixed<float>(cell, FloatDecoder<float, decode_float>(limits_));
    case ArrowKind::kDouble:
      return append_fixed<double>(cell, FloatDecoder<double, decode_double>(limits_));
    case ArrowKind::kTimestamp: return append_fixed<int64_t>(cell, InstantDecoder(limits_));
    case ArrowKind::kDate: return append_fixed<int32_t>(cell, DateDecoder(limits_));
    case ArrowKind::kBinary: return append_bytes(cell, false);
    default: break;
  }
  const bool is_text = kind_ == TypeKind::kText || kind_ == TypeKind::kAscii;
  return is_text ? append_bytes(cell, true) : append_written(cell);
}

/// The children hold the list's elements now: false where they are too many to count.
bool NestedBuilder::end_list() {
  if (children_[0].length() > kLengthMax) return false;
  offsets_.push_back(static_cast<int32_t>(children_[0].length()));
  return true;
}

Decoded NestedBuilder::append_list(CellView cell) {
  if (cell.size() == 0) return Decoded::kNull;
  NestedReader reader(cell);
  uint32_t count = 0;
  if (!reader.read_count(1, count)) return Decoded::kMalformed;
  for (uint32_t i = 0; i < count; ++i) {
    CellView element;
    if (!reader.read_value(element)) return Decoded::kMalformed;
    const Decoded outcome = children_[0].append_element(element);
    if (outcome != Decoded::kValue) return outcome;
  }
  if (!reader.at_end()) return Decoded::kMalformed;
  return end_list() ? Decoded::kValue : Decoded::kUnrepresentable;
}

// A map without a value for a key has no place in Arrow: a key without bytes is no null either.
Decoded NestedBuilder::append_key(CellView cell) {
  if (cell.is_null()) return Decoded::kMalformed;
  const Decoded outcome = append(cell);
  return outcome == Decoded::kNull ? Decoded::kUnrepresentable : outcome;
}

Decoded NestedBuilder::append_map(CellView cell) {
  if (cell.size() == 0) return Decoded::kNull;
  NestedReader reader(cell);
  uint32_t count = 0;
  if (!reader.read_count(2, count)) return Decoded::kMalformed;
  for (uint32_t i = 0; i < count; ++i) {
    CellView key;
    CellView value;
    if (!reader.read_value(key) || !reader.read_value(value)) return Decoded::kMalformed;
    const Decoded named = children_[0].append_key(key);
    if (named != Decoded::kValue) return named;
    const Decoded outcome = children_[1].append_element(value);
    if (outcome != Decoded::kValue) return outcome;
  }
  if (!reader.at_end()) return Decoded::kMalformed;
  return end_list() ? Decoded::kValue : Decoded::kUnrepresentable;
}

Decoded NestedBuilder::append_vector(CellView cell) {
  if (cell.size() == 0) return Decoded::kNull;
  NestedReader reader(cell);
  for (size_t i = 0; i < list_size_; ++i) {
    CellView element;
    if (!reader.read_vector_element(fixed_size_, element)) return Decoded::kMalformed;
    const Decoded outcome = children_[0].append_element(element);
    if (outcome != Decoded::kValue) return outcome;
  }
  return reader.at_end() ? Decoded::kValue : Decoded::kMalformed;
}

Decoded NestedBuilder::append_fields(CellView cell) {
  if (cell.size() == 0) return Decoded::kNull;
  NestedReader reader(cell);
  for (NestedBuilder& child : children_) {
    CellView field;  // null where the cell has fewer fields than the type
    if (!reader.at_end() && !reader.read_value(field)) return Decoded::kMalformed;
    const Decoded outcome = child.append_element(field);
    if (outcome != Decoded::kValue) return outcome;
  }
  return reader.at_end() ? Decoded::kValue : Decoded::kMalformed;
}

ArrowColumn NestedBuilder::finish() && {
  ArrowColumn column;
  column.length = static_cast<int64_t>(length_);
  column.null_count = static_cast<int64_t>(null_count_);
  if (null_count_ > 0) column.validity = packed(validity_);
  column.is_struct = arrow_ == ArrowKind::kStruct;
  column.has_values = !column.is_struct && arrow_ != ArrowKind::kFixedSizeList;
  if (!offsets_.empty()) {
    column.values = copied(offsets_.data(), offsets_.size() * sizeof(int32_t));
  } else if (arrow_ == ArrowKind::kBoolean) {
    column.values = packed(values_);
  } else {
    column.values = copied(values_.data(), values_.size());
  }
  column.has_offsets = arrow_ == ArrowKind::kText || arrow_ == ArrowKind::kBinary;
  if (column.has_offsets) column.data = copied(data_.data(), data_.size());
  std::vector<ArrowColumn> children;
  for (NestedBuilder& child : children_) children.push_back(std::move(child).finish());
  if (arrow_ != ArrowKind::kMap) {
    column.children = std::move(children);
    return column;
  }
  ArrowColumn entries;
  entries.length = children[0].length;
  entries.has_values = false;
  entries.is_struct = true;
  entries.children = std::move(children);
  column.children.push_back(std::move(entries));
  return column;
}

}  // namespace ringsync
