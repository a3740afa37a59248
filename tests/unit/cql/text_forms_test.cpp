// varint, decimal, inet and duration as text.
#include <gtest/gtest.h>

#include "cql/duration_text.h"
#include "cql/inet_text.h"
#include "cql/number_text.h"
#include "page_builder.h"

namespace ringsync {
namespace {

/// The text that `append` makes of the bytes, or the name of its refusal.
std::string text_of(Decoded (*append)(CellView, std::string&), const std::string& bytes) {
  std::string out = "before:";
  switch (append(cell_of(bytes), out)) {
    case Decoded::kValue: return out.substr(7);
    case Decoded::kNull: return "null";
    case Decoded::kMalformed: return "malformed";
    case Decoded::kUnrepresentable: return "unrepresentable";
  }
  return "";
}

std::string varint(std::string_view hex) { return text_of(append_varint, from_hex(hex)); }
std::string decimal(int32_t scale, std::string_view hex) {
  return text_of(append_decimal, wire(scale) + from_hex(hex));
}
std::string inet(std::string_view hex) { return text_of(append_inet, from_hex(hex)); }
std::string duration(std::string_view hex) { return text_of(append_duration, from_hex(hex)); }

// The table of native_protocol_v4.spec section 6.23.
TEST(Varint, ReadsTheExamplesOfTheSpecification) {
  EXPECT_EQ(varint("00"), "0");
  EXPECT_EQ(varint("01"), "1");
  EXPECT_EQ(varint("7f"), "127");
  EXPECT_EQ(varint("0080"), "128");
  EXPECT_EQ(varint("0081"), "129");
  EXPECT_EQ(varint("ff"), "-1");
  EXPECT_EQ(varint("80"), "-128");
  EXPECT_EQ(varint("ff7f"), "-129");
}

TEST(Varint, IsExactAroundLimbBoundaries) {
  EXPECT_EQ(varint("7fffffffffffffff"), "9223372036854775807");
  EXPECT_EQ(varint("8000000000000000"), "-9223372036854775808");
  EXPECT_EQ(varint("008000000000000000"), "9223372036854775808");
  EXPECT_EQ(varint("00ffffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(varint("010000000000000000"), "18446744073709551616");
  EXPECT_EQ(varint("ff0000000000000000"), "-18446744073709551616");
  EXPECT_EQ(varint("80000000000000000000000000000000"), "-170141183460469231731687303715884105728");
  EXPECT_EQ(varint("00c097ce7bc90715b34b9f1000000000"), "1000000000000000000000000000000000000");
  EXPECT_EQ(varint("008ac7230489e80000"), "10000000000000000000");
}

TEST(Varint, ReadsRedundantSignBytesAndKnowsThem) {
  EXPECT_EQ(varint("00000000000000000000000000000000002a"), "42");
  EXPECT_EQ(varint("ffffffffffffffffffffffffffffffffffd6"), "-42");
  EXPECT_TRUE(is_minimal_varint(as_bytes(from_hex("0080"))));
  EXPECT_FALSE(is_minimal_varint(as_bytes(from_hex("007f"))));
  EXPECT_FALSE(is_minimal_varint(as_bytes(from_hex("ff80"))));
  EXPECT_TRUE(is_minimal_varint(as_bytes(from_hex("ff7f"))));
  EXPECT_TRUE(is_minimal_varint(as_bytes(from_hex("00"))));
}

TEST(Varint, WritesThousandsOfDigits) {
  // 2^40000 has 12042 digits; the first and last of them are known.
  const std::string digits = text_of(append_varint, std::string(1, '\1') + std::string(5000, '\0'));
  EXPECT_EQ(digits.size(), 12042U);
  EXPECT_EQ(digits.substr(0, 10), "1584260372");
  EXPECT_EQ(digits.substr(digits.size() - 10), "5025509376");
}

TEST(Varint, RefusesWhatIsEmptyOrTooLong) {
  EXPECT_EQ(varint(""), "null");
  EXPECT_EQ(text_of(append_varint, std::string(kVarintBytesMax + 1, '\1')), "unrepresentable");
}

TEST(Decimal, IsWrittenAsBigDecimalToPlainString) {
  EXPECT_EQ(decimal(0, "7b"), "123");
  EXPECT_EQ(decimal(2, "7b"), "1.23");
  EXPECT_EQ(decimal(3, "7b"), "0.123");
  EXPECT_EQ(decimal(5, "7b"), "0.00123");
  EXPECT_EQ(decimal(2, "64"), "1.00");
  EXPECT_EQ(decimal(-3, "7b"), "123000");
  EXPECT_EQ(decimal(2, "85"), "-1.23");
  EXPECT_EQ(decimal(20, "01"), "0.00000000000000000001");
  EXPECT_EQ(decimal(0, "00"), "0");
  EXPECT_EQ(decimal(2, "00"), "0.00");
  EXPECT_EQ(decimal(-2, "00"), "0");
}

TEST(Decimal, IsWrittenAsBigDecimalToStringBeyondAThousandPlaces) {
  EXPECT_EQ(decimal(-1001, "7b"), "1.23E+1003");
  EXPECT_EQ(decimal(1001, "85"), "-1.23E-999");
  EXPECT_EQ(decimal(1001, "05"), "5E-1001");
  EXPECT_EQ(decimal(INT32_MAX, "01"), "1E-2147483647");
  EXPECT_EQ(decimal(INT32_MIN, "01"), "1E+2147483648");
  EXPECT_EQ(decimal(-2000, "00"), "0E+2000");
}

TEST(Decimal, RefusesTruncatedCells) {
  EXPECT_EQ(text_of(append_decimal, ""), "null");
  EXPECT_EQ(text_of(append_decimal, from_hex("000000")), "malformed");
  EXPECT_EQ(text_of(append_decimal, from_hex("00000000")), "malformed");
}

TEST(Inet, WritesIpv4Dotted) {
  EXPECT_EQ(inet("7f000001"), "127.0.0.1");
  EXPECT_EQ(inet("ffffffff"), "255.255.255.255");
}

// RFC 5952 sections 4 and 5.
TEST(Inet, WritesIpv6AsRfc5952Recommends) {
  EXPECT_EQ(inet("20010db8000000000000000000000001"), "2001:db8::1");
  EXPECT_EQ(inet("20010db8000000010001000100010001"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(inet("20010000000000010000000000000001"), "2001:0:0:1::1");
  EXPECT_EQ(inet("20010db8000000000001000000000001"), "2001:db8::1:0:0:1");
  EXPECT_EQ(inet("00000000000000000000000000000000"), "::");
  EXPECT_EQ(inet("00000000000000000000000000000001"), "::1");
  EXPECT_EQ(inet("fe800000000000000000000000000000"), "fe80::");
  EXPECT_EQ(inet("20010DB8AAAABBBBCCCCDDDDEEEE0001"), "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1");
  EXPECT_EQ(inet("00000000000000000000ffffc0000280"), "::ffff:192.0.2.128");
}

TEST(Inet, RefusesOtherSizes) {
  EXPECT_EQ(inet(""), "null");
  EXPECT_EQ(inet("7f0000"), "malformed");
  EXPECT_EQ(inet("7f00000102"), "malformed");
}

TEST(Duration, IsWrittenAsIso8601) {
  EXPECT_EQ(duration("020406"), "P1M2DT0.000000003S");
  EXPECT_EQ(duration("000000"), "PT0S");
  EXPECT_EQ(duration("1c0600"), "P1Y2M3D");
  EXPECT_EQ(duration("0000 fc068c61714000"), "PT1H");
}

/// [vint] of native_protocol_v5.spec section 3, always in its longest form.
std::string long_vint(int64_t value) {
  const uint64_t zigzag = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  return "\xff" + wire(zigzag);
}

std::string duration(int64_t months, int64_t days, int64_t nanoseconds) {
  return text_of(append_duration, long_vint(months) + long_vint(days) + long_vint(nanoseconds));
}

TEST(Duration, KeepsTheThreePartsApartAndTheirSign) {
  constexpr int64_t kSecond = 1'000'000'000;
  EXPECT_EQ(duration(14, 3, (4 * 3600 + 5 * 60 + 6) * kSecond + 7), "P1Y2M3DT4H5M6.000000007S");
  EXPECT_EQ(duration(-14, -3, -(4 * 3600 + 5 * 60 + 6) * kSecond - 500'000'000),
            "-P1Y2M3DT4H5M6.5S");
  EXPECT_EQ(duration(0, 400, 0), "P400D");
  EXPECT_EQ(duration(0, 0, 90 * 60 * kSecond), "PT1H30M");
  EXPECT_EQ(duration(INT32_MIN, INT32_MIN, INT64_MIN),
            "-P178956970Y8M2147483648DT2562047H47M16.854775808S");
}

TEST(Duration, RefusesMixedSignsOverflowAndBytesTooManyOrTooFew) {
  EXPECT_EQ(duration(1, -1, 0), "malformed");
  EXPECT_EQ(duration(int64_t{1} << 31, 0, 0), "malformed");
  EXPECT_EQ(duration(""), "null");
  EXPECT_EQ(duration("0000"), "malformed");
  EXPECT_EQ(duration("00000000"), "malformed");
  EXPECT_EQ(duration("000080"), "malformed");
}

}  // namespace
}  // namespace ringsync
