// Bytes: how Ringsync names raw bytes it does not own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ringsync {

/// Bytes owned by somebody else; every function that returns one says how long it lives.
using Bytes = std::span<const uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Big-endian loads (the byte order of the CQL protocol). The caller vouches for the length.
inline uint16_t load_be16(const uint8_t* p) { return static_cast<uint16_t>((p[0] << 8) | p[1]); }
inline uint32_t load_be32(const uint8_t* p) {
  uint32_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return __builtin_bswap32(value);
}
inline uint64_t load_be64(const uint8_t* p) {
  uint64_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return __builtin_bswap64(value);
}

}  // namespace ringsync
