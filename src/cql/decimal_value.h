// varint and decimal cells as fixed-point numbers of up to 38 digits: exact, or not at all.
// Thread rule: pure functions.
#pragma once

#include <cstdint>

#include "cql/scalar.h"

namespace ringsync {

__extension__ using Int128 = __int128;

inline constexpr int32_t kDecimalDigitsMax = 38;

/// `out` = value × 10^scale (section 6.6 "decimal") where that is a whole number of at most
/// `precision` digits; kUnrepresentable otherwise: nothing is rounded. `precision` is 1 to 38 and
/// `scale` 0 to precision.
Decoded decode_decimal128(CellView cell, int32_t precision, int32_t scale, Int128& out);

/// The same for a varint, whose scale is 0.
Decoded decode_varint128(CellView cell, int32_t precision, Int128& out);

/// The scale that the cell itself carries; 0 where it is no decimal.
int32_t decimal_scale(CellView cell);

}  // namespace ringsync
