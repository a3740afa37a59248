// Protobuf's wire format, as far as Fivetran's messages need it: varints, tags and length-delimited
// fields. Source: Protocol Buffers documentation, "Encoding". Thread rule: pure functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ringsync {

enum class ProtobufWire : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

inline constexpr size_t kVarintBytesMost = 10;

/// Tag of a field below 16, which takes one byte.
constexpr uint8_t field_tag(uint8_t field, ProtobufWire wire) {
  return static_cast<uint8_t>(field << 3 | static_cast<uint8_t>(wire));
}

/// Bytes that `value` takes as a varint, 1 to 10: seven bits each.
constexpr size_t varint_size(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

/// Writes `value` at `at`, where there is room for it; returns the byte behind it.
inline uint8_t* put_varint(uint8_t* at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<uint8_t>(value);
  return at;
}

/// int32 and int64: a negative one is extended to 64 bits and takes 10 bytes.
inline uint8_t* put_signed(uint8_t* at, int64_t value) {
  return put_varint(at, static_cast<uint64_t>(value));
}

inline uint8_t* put_bytes(uint8_t* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

/// Append to a message in the making; for what is written once a table or checkpoint.
inline void add_varint(std::string& out, uint64_t value) {
  uint8_t bytes[kVarintBytesMost];
  const uint8_t* const end = put_varint(bytes, value);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
}
inline void add_number_field(std::string& out, uint8_t field, uint64_t value) {
  out += static_cast<char>(field_tag(field, ProtobufWire::kVarint));
  add_varint(out, value);
}
/// The tag and length of a field whose `size` bytes follow.
inline void add_bytes_header(std::string& out, uint8_t field, size_t size) {
  out += static_cast<char>(field_tag(field, ProtobufWire::kBytes));
  add_varint(out, size);
}
/// string, bytes or a message.
inline void add_bytes_field(std::string& out, uint8_t field, std::string_view bytes) {
  add_bytes_header(out, field, bytes.size());
  out += bytes;
}

}  // namespace ringsync
