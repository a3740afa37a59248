#include "cql/decimal_value.h"

#include <array>
#include <string>
#include <string_view>

#include "cql/number_text.h"

namespace ringsync {
namespace {

__extension__ using UInt128 = unsigned __int128;

constexpr std::array<Int128, kDecimalDigitsMax + 1> kPowersOfTen = [] {
  std::array<Int128, kDecimalDigitsMax + 1> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

/// The digits that 16 bytes may not hold: only where trailing zeros fall away can they fit.
Decoded scaled_digits(std::string_view digits, int64_t zeros_dropped, int32_t precision,
                      Int128& out) {
  const bool is_negative = digits.front() == '-';
  if (is_negative) digits.remove_prefix(1);
  const auto dropped = static_cast<size_t>(zeros_dropped);
  if (digits.size() <= dropped) return Decoded::kUnrepresentable;
  if (digits.substr(digits.size() - dropped).find_first_not_of('0') != std::string_view::npos) {
    return Decoded::kUnrepresentable;
  }
  digits.remove_suffix(dropped);
  if (digits.size() > static_cast<size_t>(precision)) return Decoded::kUnrepresentable;
  Int128 value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  out = is_negative ? -value : value;
  return Decoded::kValue;
}

Decoded scaled_large(Bytes unscaled, int64_t shift, int32_t precision, Int128& out) {
  if (shift >= 0) return Decoded::kUnrepresentable;
  std::string digits;
  const CellView cell(unscaled.data(), static_cast<int32_t>(unscaled.size()));
  const Decoded outcome = append_varint(cell, digits);
  if (outcome != Decoded::kValue) return outcome;
  return scaled_digits(digits, -shift, precision, out);
}

/// unscaled × 10^shift.
Decoded scaled(Bytes unscaled, int64_t shift, int32_t precision, Int128& out) {
  const uint8_t sign = (unscaled[0] & 0x80) != 0 ? 0xFF : 0x00;
  while (unscaled.size() > 16 && unscaled[0] == sign && ((unscaled[1] ^ sign) & 0x80) == 0) {
    unscaled = unscaled.subspan(1);
  }
  if (unscaled.size() > 16) return scaled_large(unscaled, shift, precision, out);
  UInt128 bits = sign != 0 ? ~UInt128{0} : UInt128{0};
  for (const uint8_t byte : unscaled) bits = (bits << 8) | byte;
  auto value = static_cast<Int128>(bits);
  if (value == 0) {
    out = 0;
    return Decoded::kValue;
  }
  if (shift < -kDecimalDigitsMax || shift > kDecimalDigitsMax) return Decoded::kUnrepresentable;
  if (shift < 0) {
    const Int128 divisor = kPowersOfTen[static_cast<size_t>(-shift)];
    if (value % divisor != 0) return Decoded::kUnrepresentable;
    value /= divisor;
  }
  const Int128 multiplier = kPowersOfTen[static_cast<size_t>(shift > 0 ? shift : 0)];
  const Int128 limit = (kPowersOfTen[static_cast<size_t>(precision)] - 1) / multiplier;
  if (value > limit || value < -limit) return Decoded::kUnrepresentable;
  out = value * multiplier;
  return Decoded::kValue;
}

}  // namespace

Decoded decode_decimal128(CellView cell, int32_t precision, int32_t scale, Int128& out) {
  if (cell.size() == 0) return Decoded::kNull;
  if (cell.size() < 5) return Decoded::kMalformed;
  const int64_t shift = int64_t{scale} - decimal_scale(cell);
  return scaled(cell.bytes().subspan(4), shift, precision, out);
}

Decoded decode_varint128(CellView cell, int32_t precision, Int128& out) {
  if (cell.size() == 0) return Decoded::kNull;
  return scaled(cell.bytes(), 0, precision, out);
}

int32_t decimal_scale(CellView cell) {
  return cell.size() < 4 ? 0 : static_cast<int32_t>(load_be32(cell.data()));
}

}  // namespace ringsync
