// varint and decimal cells as numbers of a fixed size: exact, or not at all, but for the nearest
// double of a decimal. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "cql/scalar.h"
#include "model/cql_type.h"

namespace ringsync {

__extension__ using Int128 = __int128;

inline constexpr int32_t kDecimalDigitsMax = 38;

/// `out` = value × 10^scale (section 6.6 "decimal") where that is a whole number of at most
/// `precision` digits; kUnrepresentable otherwise: nothing is rounded. `precision` is 1 to 38 and
/// `scale` 0 to precision.
Decoded decode_decimal128(CellView cell, int32_t precision, int32_t scale, Int128& out);

/// The same for a varint, whose scale is 0.
Decoded decode_varint128(CellView cell, int32_t precision, Int128& out);

/// A varint of at most 64 bits; kUnrepresentable beyond.
Decoded decode_varint64(CellView cell, int64_t& out);

/// The double nearest to a decimal, ties to even. kUnrepresentable where the value is beyond the
/// doubles: it would be infinite or, not being zero, zero.
Decoded decode_decimal_double(CellView cell, double& out);

/// The scale that the cell itself carries; 0 where it is no decimal.
int32_t decimal_scale(CellView cell);

/// Appends value × 10^-scale with exactly `scale` digits behind the point: "-0.05" for -5 and 2.
void append_decimal128(Int128 value, int32_t scale, std::string& out);

/// Whether a column of `kind`, decimal or varint, can become a fixed-point number of `size`. Error
/// kConfig says what decimal_types may ask for.
Status check_decimal_size(TypeKind kind, DecimalSize size);

/// Cells of a decimal or varint column that becomes DECIMAL(precision, scale).
struct FixedPointDecoder {
  Decoded operator()(CellView cell, Int128& out) const;

  TypeKind kind = TypeKind::kDecimal;
  bool is_key = false;  // values that would be one number with another cell's do not decode
  DecimalSize size = {};
};

}  // namespace ringsync
