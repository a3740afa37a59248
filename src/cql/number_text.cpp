#include "cql/number_text.h"

#include <string_view>
#include <utility>
#include <vector>

#include "cql/digits.h"

namespace ringsync {
namespace {

__extension__ using Wide = unsigned __int128;

// The largest power of ten that fits a limb.
constexpr uint64_t kChunk = 10'000'000'000'000'000'000U;
constexpr size_t kChunkDigits = 19;

/// Two's complement magnitude in 64-bit limbs, the least significant first, without leading zeros.
std::vector<uint64_t> magnitude_limbs(Bytes bytes, bool negative) {
  std::vector<uint64_t> limbs((bytes.size() + 7) / 8, negative ? ~uint64_t{0} : 0);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t place = bytes.size() - 1 - i;
    uint64_t& limb = limbs[place / 8];
    const unsigned shift = (place % 8) * 8;
    limb = (limb & ~(uint64_t{0xFF} << shift)) | (uint64_t{bytes[i]} << shift);
  }
  if (negative) {
    uint64_t carry = 1;
    for (uint64_t& limb : limbs) {
      limb = ~limb + carry;
      carry = carry == 1 && limb == 0 ? 1 : 0;
    }
    // Only -2^(64 n) itself carries out of the top.
    if (carry == 1) limbs.push_back(1);
  }
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  return limbs;
}

void append_large_magnitude(std::vector<uint64_t> limbs, std::string& out) {
  std::vector<uint64_t> chunks;  // base 10^19, the least significant first
  while (!limbs.empty()) {
    uint64_t remainder = 0;
    for (size_t i = limbs.size(); i-- > 0;) {
      const Wide value = (Wide{remainder} << 64) | limbs[i];
      limbs[i] = static_cast<uint64_t>(value / kChunk);
      remainder = static_cast<uint64_t>(value % kChunk);
    }
    chunks.push_back(remainder);
    if (limbs.back() == 0) limbs.pop_back();
  }
  append_integer(chunks.back(), out);
  for (size_t i = chunks.size() - 1; i-- > 0;) {
    append_padded(chunks[i], kChunkDigits, out);
  }
}

/// Appends the digits of |value|.
void append_magnitude(Bytes bytes, std::string& out) {
  const bool negative = is_negative(bytes);
  if (bytes.size() <= 8) {
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (const uint8_t byte : bytes) value = (value << 8) | byte;
    append_integer(negative ? uint64_t{0} - value : value, out);
    return;
  }
  std::vector<uint64_t> limbs = magnitude_limbs(bytes, negative);
  if (limbs.size() <= 1) {
    append_integer(limbs.empty() ? uint64_t{0} : limbs[0], out);
  } else {
    append_large_magnitude(std::move(limbs), out);
  }
}

/// BigDecimal.toString() from the digits: "Scientific notation" in its documentation.
void append_scientific(std::string_view digits, int32_t scale, std::string& out) {
  const int64_t adjusted = static_cast<int64_t>(digits.size()) - 1 - scale;
  out += digits[0];
  if (digits.size() > 1) {
    out += '.';
    out += digits.substr(1);
  }
  if (adjusted == 0) return;
  out += adjusted > 0 ? "E+" : "E";
  append_integer(adjusted, out);
}

void append_plain(std::string_view digits, int32_t scale, std::string& out) {
  if (scale <= 0) {
    out += digits;
    if (digits != "0") out.append(static_cast<size_t>(-int64_t{scale}), '0');
    return;
  }
  const auto places = static_cast<size_t>(scale);
  if (digits.size() > places) {
    out += digits.substr(0, digits.size() - places);
    out += '.';
    out += digits.substr(digits.size() - places);
    return;
  }
  out += "0.";
  out.append(places - digits.size(), '0');
  out += digits;
}

Decoded append_decimal_form(CellView cell, int32_t plain_scale_min, std::string& out) {
  if (cell.size() == 0) return Decoded::kNull;
  if (cell.size() < 5) return Decoded::kMalformed;
  if (cell.size() - 4 > kVarintBytesMax) return Decoded::kUnrepresentable;
  const auto scale = static_cast<int32_t>(load_be32(cell.data()));
  const Bytes unscaled = cell.bytes().subspan(4);
  std::string digits;
  append_magnitude(unscaled, digits);
  if (is_negative(unscaled)) out += '-';
  const int64_t adjusted = static_cast<int64_t>(digits.size()) - 1 - scale;
  const bool within_limit = scale >= plain_scale_min && scale <= kPlainScaleMax;
  if (within_limit || (scale >= 0 && adjusted >= -6)) {
    append_plain(digits, scale, out);
  } else {
    append_scientific(digits, scale, out);
  }
  return Decoded::kValue;
}

}  // namespace

Decoded append_varint(CellView cell, std::string& out) {
  if (cell.size() == 0) return Decoded::kNull;
  if (cell.size() > kVarintBytesMax) return Decoded::kUnrepresentable;
  if (is_negative(cell.bytes())) out += '-';
  append_magnitude(cell.bytes(), out);
  return Decoded::kValue;
}

Decoded append_decimal(CellView cell, std::string& out) {
  return append_decimal_form(cell, -kPlainScaleMax, out);
}

Decoded append_decimal_key(CellView cell, std::string& out) {
  return append_decimal_form(cell, 0, out);
}

bool is_minimal_varint(Bytes bytes) {
  if (bytes.size() < 2) return true;
  const bool top_bit_of_second = (bytes[1] & 0x80) != 0;
  return !(bytes[0] == 0x00 && !top_bit_of_second) && !(bytes[0] == 0xFF && top_bit_of_second);
}

}  // namespace ringsync
