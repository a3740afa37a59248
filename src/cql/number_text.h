// varint and decimal cells as exact decimal text.
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>

#include "cql/scalar.h"

namespace ringsync {

/// Longest varint that is turned into text (about 157,000 digits). The conversion takes quadratic
/// time, 0.2 s at this size; longer values are kUnrepresentable.
inline constexpr size_t kVarintBytesMax = size_t{64} << 10;

/// Decimals with a scale beyond ±this are written in scientific notation, so that 1E-2000000000
/// does not become two gigabytes of zeros.
inline constexpr int32_t kPlainScaleMax = 1000;

/// Appends the value to `out`: native_protocol_v4.spec section 6.23 "varint", two's complement of
/// any length, big-endian. Leading bytes that only repeat the sign are read as Java's BigInteger
/// does.
Decoded append_varint(CellView cell, std::string& out);

/// Appends the value to `out`: section 6.6 "decimal", an int scale and a varint; value = varint ×
/// 10^-scale. Written as java.math.BigDecimal.toPlainString() does, trailing zeros kept; as its
/// toString() does where the scale is beyond kPlainScaleMax.
Decoded append_decimal(CellView cell, std::string& out);

/// append_decimal() for keys: 1E+3 and 1000 are two keys of the source and one text of
/// toPlainString(), so that a negative scale stays in sight: "1E+3", as BigDecimal.toString() has
/// it.
Decoded append_decimal_key(CellView cell, std::string& out);

/// True where the two's complement value, of one byte at least, is below 0.
inline bool is_negative(Bytes bytes) { return (bytes[0] & 0x80) != 0; }

/// True where the two's complement value has no byte that only repeats the sign: then bytes and
/// value are one-to-one, as a key needs.
bool is_minimal_varint(Bytes bytes);

}  // namespace ringsync
