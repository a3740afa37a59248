#include "cql/decimal_value.h"

#include <gtest/gtest.h>

#include <string>

#include "page_builder.h"

namespace ringsync {
namespace {

std::string digits_of(Int128 value) {
  if (value == 0) return "0";
  const bool is_negative = value < 0;
  std::string out;
  for (; value != 0; value /= 10) {
    const auto digit = static_cast<int>(value % 10);
    out.insert(out.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  return (is_negative ? "-" : "") + out;
}

std::string outcome_text(Decoded outcome, Int128 value) {
  switch (outcome) {
    case Decoded::kValue: return digits_of(value);
    case Decoded::kNull: return "null";
    case Decoded::kMalformed: return "malformed";
    case Decoded::kUnrepresentable: return "unrepresentable";
  }
  return "";
}

/// The cell `unscaled` (hexadecimal) × 10^-cell_scale as DECIMAL(precision, scale), times 10^scale.
std::string decimal(int32_t cell_scale, std::string_view unscaled, int32_t precision,
                    int32_t scale) {
  Int128 value = 0;
  const std::string bytes = wire(cell_scale) + from_hex(unscaled);
  const Decoded outcome = decode_decimal128(cell_of(bytes), precision, scale, value);
  return outcome_text(outcome, value);
}

std::string varint(std::string_view bytes, int32_t precision) {
  Int128 value = 0;
  const std::string cell = from_hex(bytes);
  const Decoded outcome = decode_varint128(cell_of(cell), precision, value);
  return outcome_text(outcome, value);
}

TEST(DecimalValue, IsTheNumberInTheScaleAskedFor) {
  EXPECT_EQ(decimal(2, "64", 10, 2), "100");      // 1.00
  EXPECT_EQ(decimal(1, "0a", 10, 2), "100");      // 1.0
  EXPECT_EQ(decimal(0, "ff", 10, 2), "-100");     // -1
  EXPECT_EQ(decimal(-3, "01", 10, 2), "100000");  // 1E+3
  EXPECT_EQ(decimal(4, "2710", 10, 2), "100");    // 1.0000
  EXPECT_EQ(decimal(2'000'000'000, "00", 10, 2), "0");
}

TEST(DecimalValue, IsNeverRoundedNorCutToSize) {
  EXPECT_EQ(decimal(3, "01", 10, 2), "unrepresentable");    // 0.001
  EXPECT_EQ(decimal(3, "03ed", 10, 2), "unrepresentable");  // 1.005
  EXPECT_EQ(decimal(0, "64", 4, 2), "unrepresentable");     // 100 needs five digits
  EXPECT_EQ(decimal(0, "63", 4, 2), "9900");
  EXPECT_EQ(decimal(0, "9d", 4, 2), "-9900");
  EXPECT_EQ(decimal(-38, "01", 38, 0), "unrepresentable");
  EXPECT_EQ(decimal(-37, "01", 38, 0), "10000000000000000000000000000000000000");
  EXPECT_EQ(decimal(2'000'000'000, "01", 38, 38), "unrepresentable");
  EXPECT_EQ(decimal(-2'000'000'000, "01", 38, 38), "unrepresentable");
}

TEST(DecimalValue, HoldsAllOfThirtyEightDigits) {
  // ±(10^38 - 1), and 10^38 itself
  EXPECT_EQ(varint("4b3b4ca85a86c47a098a223fffffffff", 38), std::string(38, '9'));
  EXPECT_EQ(varint("b4c4b357a5793b85f675ddc000000001", 38), "-" + std::string(38, '9'));
  EXPECT_EQ(varint("4b3b4ca85a86c47a098a224000000000", 38), "unrepresentable");
  EXPECT_EQ(varint("80000000000000000000000000000000", 38), "unrepresentable");
  EXPECT_EQ(varint("000000000000000000000000000000000000002a", 2), "42");
  EXPECT_EQ(varint("ffffffffffffffffffffffffffffffffffffffd6", 2), "-42");
  EXPECT_EQ(varint("0100000000000000000000000000000000", 38), "unrepresentable");
}

TEST(DecimalValue, FitsWhereOnlyTrailingZerosAreTooMany) {
  // 10^40 × 10^-39 = 10, in more than 16 bytes
  EXPECT_EQ(decimal(39, "1d6329f1c35ca4bfabb9f5610000000000", 10, 0), "10");
  EXPECT_EQ(decimal(39, "1d6329f1c35ca4bfabb9f5610000000001", 10, 0), "unrepresentable");
  EXPECT_EQ(decimal(41, "1d6329f1c35ca4bfabb9f5610000000000", 10, 0), "unrepresentable");
  EXPECT_EQ(decimal(41, "1d6329f1c35ca4bfabb9f5610000000000", 10, 1), "1");
}

TEST(DecimalValue, CellsWithoutBytesAreNullAndTooShortOnesMalformed) {
  EXPECT_EQ(varint("", 10), "null");
  Int128 value = 0;
  EXPECT_EQ(decode_decimal128(CellView(), 10, 2, value), Decoded::kNull);
  EXPECT_EQ(decode_decimal128(cell_of("abcd"), 10, 2, value), Decoded::kMalformed);
}

}  // namespace
}  // namespace ringsync
