// Decoders of scalar cells of fixed size, and of text and blob: CellView -> C++ value, in place.
// Used in the inner loops of every encoder, so they are inline and never allocate. Source:
// native_protocol_v4.spec section 6 "Data Type Serialization Formats" and its subsections. Thread
// rule: pure functions.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "cql/page_view.h"

namespace ringsync {

/// What a decoder made of a cell. Its output is written for kValue only.
enum class Decoded : uint8_t {
  kValue,
  kNull,             // null, or zero bytes where the type has a fixed or least size
  kMalformed,        // a size or content that the type cannot have
  kUnrepresentable,  // well-formed, and beyond a documented limit of the decoder
};

inline constexpr int64_t kNanosecondsPerDay = 86'400'000'000'000;

using Uuid = std::array<uint8_t, 16>;

/// The null and size rule that all types of fixed size share.
inline Decoded fixed_size_outcome(CellView cell, size_t size) {
  if (cell.size() == size) return Decoded::kValue;
  return cell.size() == 0 ? Decoded::kNull : Decoded::kMalformed;
}

/// Section 6.19 "tinyint": one byte, two's complement.
inline Decoded decode_tinyint(CellView cell, int8_t& out) {
  const Decoded outcome = fixed_size_outcome(cell, 1);
  if (outcome == Decoded::kValue) out = static_cast<int8_t>(cell.data()[0]);
  return outcome;
}

/// Section 6.14 "smallint": two bytes, two's complement, big-endian.
inline Decoded decode_smallint(CellView cell, int16_t& out) {
  const Decoded outcome = fixed_size_outcome(cell, 2);
  if (outcome == Decoded::kValue) out = static_cast<int16_t>(load_be16(cell.data()));
  return outcome;
}

/// Section 6.10 "int": four bytes, two's complement, big-endian.
inline Decoded decode_int(CellView cell, int32_t& out) {
  const Decoded outcome = fixed_size_outcome(cell, 4);
  if (outcome == Decoded::kValue) out = static_cast<int32_t>(load_be32(cell.data()));
  return outcome;
}

/// Section 6.2 "bigint": eight bytes, two's complement, big-endian. Counters arrive the same way.
inline Decoded decode_bigint(CellView cell, int64_t& out) {
  const Decoded outcome = fixed_size_outcome(cell, 8);
  if (outcome == Decoded::kValue) out = static_cast<int64_t>(load_be64(cell.data()));
  return outcome;
}

/// Section 6.4 "boolean": one byte; zero is false and everything else is true.
inline Decoded decode_boolean(CellView cell, bool& out) {
  const Decoded outcome = fixed_size_outcome(cell, 1);
  if (outcome == Decoded::kValue) out = cell.data()[0] != 0;
  return outcome;
}

/// Section 6.8 "float": IEEE 754 binary32, big-endian. NaN payloads and signed zeros are kept.
inline Decoded decode_float(CellView cell, float& out) {
  const Decoded outcome = fixed_size_outcome(cell, 4);
  if (outcome == Decoded::kValue) out = std::bit_cast<float>(load_be32(cell.data()));
  return outcome;
}

/// Section 6.7 "double": IEEE 754 binary64, big-endian.
inline Decoded decode_double(CellView cell, double& out) {
  const Decoded outcome = fixed_size_outcome(cell, 8);
  if (outcome == Decoded::kValue) out = std::bit_cast<double>(load_be64(cell.data()));
  return outcome;
}

/// Section 6.17 "timestamp": milliseconds since 1970-01-01T00:00:00Z, as a bigint.
inline Decoded decode_timestamp_ms(CellView cell, int64_t& out) { return decode_bigint(cell, out); }

/// Section 6.5 "date": an unsigned int of days with 1970-01-01 at 2^31. `out` counts days from
/// 1970-01-01, so that every value of the type has one.
inline Decoded decode_date_days(CellView cell, int32_t& out) {
  const Decoded outcome = fixed_size_outcome(cell, 4);
  if (outcome == Decoded::kValue) {
    out = static_cast<int32_t>(load_be32(cell.data()) ^ 0x8000'0000U);
  }
  return outcome;
}

/// Section 6.16 "time": nanoseconds since midnight, 0 to 86399999999999.
inline Decoded decode_time_ns(CellView cell, int64_t& out) {
  int64_t value = 0;
  const Decoded outcome = decode_bigint(cell, value);
  if (outcome != Decoded::kValue) return outcome;
  if (value < 0 || value >= kNanosecondsPerDay) return Decoded::kMalformed;
  out = value;
  return Decoded::kValue;
}

/// Sections 6.18 "timeuuid" and 6.21 "uuid": 16 bytes, in the order in which a UUID is written.
inline Decoded decode_uuid(CellView cell, Uuid& out) {
  const Decoded outcome = fixed_size_outcome(cell, 16);
  if (outcome == Decoded::kValue) std::memcpy(out.data(), cell.data(), out.size());
  return outcome;
}

/// Sections 6.1 "ascii", 6.3 "blob" and 6.15 "text": the bytes as they are; zero bytes are an
/// empty value. Whether text is valid UTF-8 is the caller's to check. `out` lives as long as the
/// page.
inline Decoded decode_bytes(CellView cell, std::string_view& out) {
  if (cell.is_null()) return Decoded::kNull;
  out = as_text(cell.bytes());
  return Decoded::kValue;
}

}  // namespace ringsync
