// Variable-length integers of the CQL protocol.
// Thread rule: pure functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace ringsync {

/// Takes one [unsigned vint] off the front of `bytes`: the leading one bits of the first byte count
/// the bytes after it. False where the bytes end early; then nothing is taken.
/// Source: native_protocol_v5.spec section 3 "[unsigned vint]".
inline bool read_unsigned_vint(Bytes& bytes, uint64_t& out) {
  if (bytes.empty()) return false;
  const uint8_t first = bytes[0];
  const auto extra = static_cast<size_t>(std::countl_one(first));
  if (bytes.size() < 1 + extra) return false;
  uint64_t value = extra >= 7 ? 0 : first & (0xFFU >> (extra + 1));
  for (size_t i = 1; i <= extra; ++i) value = (value << 8) | bytes[i];
  bytes = bytes.subspan(1 + extra);
  out = value;
  return true;
}

/// The same for a [vint]: zigzag over an unsigned one.
inline bool read_vint(Bytes& bytes, int64_t& out) {
  uint64_t value = 0;
  if (!read_unsigned_vint(bytes, value)) return false;
  out = static_cast<int64_t>((value >> 1) ^ (uint64_t{0} - (value & 1)));
  return true;
}

}  // namespace ringsync
