#include "sink/fivetran/entry_template.h"

#include <algorithm>

namespace ringsync {
namespace {

/// The member of ValueType that a type's values travel in.
uint8_t inner_tag(FivetranKind kind) {
  switch (kind) {
    case FivetranKind::kBoolean: return field_tag(2, ProtobufWire::kVarint);
    case FivetranKind::kInt: return field_tag(4, ProtobufWire::kVarint);
    case FivetranKind::kLong: return field_tag(5, ProtobufWire::kVarint);
    case FivetranKind::kFloat: return field_tag(6, ProtobufWire::kFixed32);
    case FivetranKind::kDouble: return field_tag(7, ProtobufWire::kFixed64);
    case FivetranKind::kNaiveDate: return field_tag(8, ProtobufWire::kBytes);
    case FivetranKind::kUtcDatetime: return field_tag(10, ProtobufWire::kBytes);
    case FivetranKind::kDecimal: return field_tag(11, ProtobufWire::kBytes);
    case FivetranKind::kBinary: return field_tag(12, ProtobufWire::kBytes);
    case FivetranKind::kString: return field_tag(13, ProtobufWire::kBytes);
    case FivetranKind::kJson: return field_tag(14, ProtobufWire::kBytes);
  }
  return field_tag(13, ProtobufWire::kBytes);
}

}  // namespace

EntryTemplate::EntryTemplate(std::string_view name, FivetranKind kind)
    : name_(name), is_long_(name.size() > kShortNameBytesMax), inner_tag_(inner_tag(kind)) {
  std::string null_value;
  add_number_field(null_value, kValueNull, 1);
  std::string entry;
  add_bytes_field(entry, kMapKey, name);
  add_bytes_field(entry, kMapValue, null_value);
  add_bytes_field(null_entry_, kRecordData, entry);
  if (is_long_) return;
  std::string start = null_entry_.substr(0, null_entry_.size() - null_value.size());
  start += static_cast<char>(inner_tag_);
  std::copy(start.begin(), start.end(), start_.begin());
  start_size_ = start.size();
  // Without the entry's own tag and length, and without the value's inner tag.
  length_of_rest_ = start_size_ - 3;
}

uint8_t* EntryTemplate::put_headers(uint8_t* at, size_t value_size) const {
  const size_t entry_size =
      1 + varint_size(name_.size()) + name_.size() + 1 + varint_size(value_size) + value_size;
  *at++ = field_tag(kRecordData, ProtobufWire::kBytes);
  at = put_varint(at, entry_size);
  *at++ = field_tag(kMapKey, ProtobufWire::kBytes);
  at = put_varint(at, name_.size());
  at = put_bytes(at, name_);
  *at++ = field_tag(kMapValue, ProtobufWire::kBytes);
  at = put_varint(at, value_size);
  *at++ = inner_tag_;
  return at;
}

uint8_t* EntryTemplate::put_long_text(uint8_t* at, std::string_view text) const {
  at = put_headers(at, 1 + varint_size(text.size()) + text.size());
  at = put_varint(at, text.size());
  return put_bytes(at, text);
}

}  // namespace ringsync
