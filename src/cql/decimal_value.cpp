#include "cql/decimal_value.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "cql/number_text.h"
#include "cql/scalar_text.h"

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

/// The bytes without leading ones that only repeat the sign, but `size` of them at least.
Bytes without_sign_bytes(Bytes bytes, size_t size) {
  const uint8_t sign = is_negative(bytes) ? 0xFF : 0x00;
  while (bytes.size() > size && bytes[0] == sign && ((bytes[1] ^ sign) & 0x80) == 0) {
    bytes = bytes.subspan(1);
  }
  return bytes;
}

/// Two's complement of at most so many bytes as `Unsigned` has.
template <typename Unsigned>
Unsigned load_varint(Bytes bytes) {
  Unsigned bits = is_negative(bytes) ? ~Unsigned{0} : Unsigned{0};
  for (const uint8_t byte : bytes) bits = (bits << 8) | byte;
  return bits;
}

/// unscaled × 10^shift.
Decoded scaled(Bytes unscaled, int64_t shift, int32_t precision, Int128& out) {
  unscaled = without_sign_bytes(unscaled, 16);
  if (unscaled.size() > 16) return scaled_large(unscaled, shift, precision, out);
  auto value = static_cast<Int128>(load_varint<UInt128>(unscaled));
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

/// True where `value` is a whole number that a double holds and 10^scale is one too: then one
/// division rounds correctly. Source: W. D. Clinger, "How to Read Floating Point Numbers
/// Accurately", 1990.
bool divides_exactly(int64_t value, int32_t scale) {
  constexpr int64_t kWholeMax = int64_t{1} << std::numeric_limits<double>::digits;
  constexpr int32_t kExactPowerMax = 22;
  return value >= -kWholeMax && value <= kWholeMax && scale >= 0 && scale <= kExactPowerMax;
}

/// The digits of `unscaled` read as a double, with the exponent behind them.
Decoded parsed_double(Bytes unscaled, int32_t scale, double& out) {
  std::string text;
  const CellView cell(unscaled.data(), static_cast<int32_t>(unscaled.size()));
  const Decoded outcome = append_varint(cell, text);
  if (outcome != Decoded::kValue) return outcome;
  // Far beyond the doubles the exponent is not parsed at all: it may have ten digits.
  const int64_t digits = static_cast<int64_t>(text.size()) - (is_negative(unscaled) ? 1 : 0);
  const int64_t adjusted = digits - 1 - scale;
  if (adjusted > std::numeric_limits<double>::max_exponent10 || adjusted < -324) {
    return Decoded::kUnrepresentable;
  }
  text += 'e';
  text += std::to_string(-int64_t{scale});
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool is_beyond = code != std::errc() || out == 0 || std::isinf(out);
  return is_beyond ? Decoded::kUnrepresentable : Decoded::kValue;
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

Decoded decode_varint64(CellView cell, int64_t& out) {
  if (cell.size() == 0) return Decoded::kNull;
  const Bytes bytes = without_sign_bytes(cell.bytes(), 8);
  if (bytes.size() > 8) return Decoded::kUnrepresentable;
  out = static_cast<int64_t>(load_varint<uint64_t>(bytes));
  return Decoded::kValue;
}

Decoded decode_decimal_double(CellView cell, double& out) {
  if (cell.size() == 0) return Decoded::kNull;
  if (cell.size() < 5) return Decoded::kMalformed;
  const int32_t scale = decimal_scale(cell);
  const Bytes unscaled = without_sign_bytes(cell.bytes().subspan(4), 8);
  if (unscaled.size() > 8) return parsed_double(unscaled, scale, out);
  const auto value = static_cast<int64_t>(load_varint<uint64_t>(unscaled));
  if (value != 0 && !divides_exactly(value, scale)) return parsed_double(unscaled, scale, out);
  constexpr std::array<double, 23> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  out = value == 0 ? 0 : static_cast<double>(value) / kPowers[static_cast<size_t>(scale)];
  return Decoded::kValue;
}

int32_t decimal_scale(CellView cell) {
  return cell.size() < 4 ? 0 : static_cast<int32_t>(load_be32(cell.data()));
}

void append_decimal128(Int128 value, int32_t scale, std::string& out) {
  if (value < 0) out += '-';
  const auto digits = fmt::format("{:0{}}", value < 0 ? -value : value, scale + 1);
  const size_t whole = digits.size() - static_cast<size_t>(scale);
  out.append(digits, 0, whole);
  if (scale == 0) return;
  out += '.';
  out.append(digits, whole);
}

Status check_decimal_size(TypeKind kind, DecimalSize size) {
  if (size.precision < 1 || size.precision > kDecimalDigitsMax || size.scale < 0 ||
      size.scale > size.precision) {
    return Error{
        ErrorCode::kConfig,
        fmt::format("decimal_types asks for DECIMAL({},{}); digits are 1 to 38, of which 0 "
                    "to all stand behind the point",
                    size.precision, size.scale)};
  }
  if (kind == TypeKind::kVarint && size.scale != 0) {
    return Error{ErrorCode::kConfig,
                 fmt::format("decimal_types asks for DECIMAL({},{}); a varint has no digits behind "
                             "the point: write DECIMAL({},0)",
                             size.precision, size.scale, size.precision)};
  }
  return {};
}

Decoded FixedPointDecoder::operator()(CellView cell, Int128& out) const {
  const Decoded outcome = kind == TypeKind::kVarint
                              ? decode_varint128(cell, size.precision, out)
                              : decode_decimal128(cell, size.precision, size.scale, out);
  if (outcome != Decoded::kValue || !is_key) return outcome;
  // 1.0 and 1.00 are two keys in the source and would be one in the destination.
  const bool is_alone =
      is_canonical(kind, cell) && (kind == TypeKind::kVarint || decimal_scale(cell) == size.scale);
  return is_alone ? Decoded::kValue : Decoded::kUnrepresentable;
}

}  // namespace ringsync
