// EntryTemplate: one column's entry in a record's data, a map from names to values, as bytes that
// are copied and patched. All but the value and three lengths is the same in every row. Source:
// fivetran_sdk.v2.Record and ValueType; protobuf's "Encoding", section "Maps". Thread rule:
// immutable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "model/fivetran_type.h"
#include "sink/fivetran/protobuf_bytes.h"
#include "sink/fivetran/value_reader.h"

namespace ringsync {

// Field numbers of the contract that records are made of.
inline constexpr uint8_t kRecordTableName = 2;
inline constexpr uint8_t kRecordsRecords = 1;
inline constexpr uint8_t kRecordType = 3;
inline constexpr uint8_t kRecordData = 4;
inline constexpr uint8_t kMapKey = 1;
inline constexpr uint8_t kMapValue = 2;
inline constexpr uint8_t kValueNull = 1;
inline constexpr uint8_t kTimestampSeconds = 1;
inline constexpr uint8_t kTimestampNanos = 2;

class EntryTemplate {
 public:
  EntryTemplate(std::string_view name, FivetranKind kind);

  /// Room that an entry needs behind its end, but for a text's own bytes.
  size_t room() const { return kStartBytesMax + kFixedValueBytesMax + name_.size(); }

  /// Write the entry of a value at `at`; return the byte behind it.
  template <typename Value>
  uint8_t* put(uint8_t* at, const Value& value) const {
    if (is_long_) return put_long_name(at, value);
    uint8_t* const inner = put_start(at);
    return put_lengths(at, put_value(inner + 1, value));
  }
  uint8_t* put(uint8_t* at, std::string_view text) const {
    // Two: the value's tag and the text's length.
    if (is_long_ || text.size() + 2 + length_of_rest_ >= kOneByteLengths) {
      return put_long_text(at, text);
    }
    uint8_t* const inner = put_start(at);
    inner[1] = static_cast<uint8_t>(text.size());
    return put_lengths(at, put_bytes(inner + 2, text));
  }
  uint8_t* put_null(uint8_t* at) const { return put_bytes(at, null_entry_); }

 private:
  // A length below this takes one byte; a name up to kShortNameBytesMax leaves room for every value
  // of fixed size.
  static constexpr size_t kOneByteLengths = 128;
  static constexpr size_t kShortNameBytesMax = 100;
  // The largest is a Timestamp before the epoch: tag, length, two fields of 11 and 6 bytes.
  static constexpr size_t kFixedValueBytesMax = 24;
  static constexpr size_t kBlock = 32;
  static constexpr size_t kStartBytesMax = 4 * kBlock;

  static uint8_t* put_value(uint8_t* at, bool value) {
    *at = value ? 1 : 0;
    return at + 1;
  }
  static uint8_t* put_value(uint8_t* at, int32_t value) { return put_signed(at, value); }
  static uint8_t* put_value(uint8_t* at, int64_t value) { return put_signed(at, value); }
  template <typename T>
    requires std::is_floating_point_v<T>
  static uint8_t* put_value(uint8_t* at, T value) {
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(at, &value, sizeof value);
    return at + sizeof value;
  }
  /// Fields that are zero are left out, but not the message: the epoch is an empty one.
  static uint8_t* put_value(uint8_t* at, const Instant& value) {
    uint8_t* const length = at++;
    if (value.seconds != 0) {
      *at++ = field_tag(kTimestampSeconds, ProtobufWire::kVarint);
      at = put_signed(at, value.seconds);
    }
    if (value.nanos != 0) {
      *at++ = field_tag(kTimestampNanos, ProtobufWire::kVarint);
      at = put_signed(at, value.nanos);
    }
    *length = static_cast<uint8_t>(at - length - 1);
    return at;
  }

  /// Copies in blocks of a size known to the compiler; what is behind the start is overwritten.
  /// Returns the place of the value's inner tag, which is copied too.
  uint8_t* put_start(uint8_t* at) const {
    for (size_t copied = 0; copied < start_size_; copied += kBlock) {
      std::memcpy(at + copied, start_.data() + copied, kBlock);
    }
    return at + start_size_ - 1;
  }
  uint8_t* put_lengths(uint8_t* at, uint8_t* end) const {
    const auto value_size = static_cast<uint8_t>(end - (at + start_size_ - 1));
    at[start_size_ - 2] = value_size;
    at[1] = static_cast<uint8_t>(length_of_rest_ + value_size);
    return end;
  }

  template <typename Value>
  uint8_t* put_long_name(uint8_t* at, const Value& value) const {
    uint8_t payload[kFixedValueBytesMax];
    const uint8_t* const end = put_value(payload, value);
    at = put_headers(at, 1 + static_cast<size_t>(end - payload));
    return put_bytes(at, as_text({payload, static_cast<size_t>(end - payload)}));
  }
  uint8_t* put_long_text(uint8_t* at, std::string_view text) const;
  /// All that stands before the value's payload, of which with its tag `value_size` bytes follow.
  uint8_t* put_headers(uint8_t* at, size_t value_size) const;

  std::string name_;
  bool is_long_ = false;
  uint8_t inner_tag_ = 0;
  size_t start_size_ = 0;
  size_t length_of_rest_ = 0;  // of the entry without the value, where both lengths take one byte
  // data tag, length, key tag, length, key, value tag, length, inner tag
  std::array<uint8_t, kStartBytesMax> start_{};
  std::string null_entry_;
};

}  // namespace ringsync
