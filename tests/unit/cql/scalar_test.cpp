#include "cql/scalar.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "page_builder.h"

namespace ringsync {
namespace {

template <typename T>
std::pair<Decoded, T> decoded(Decoded (*decode)(CellView, T&), const std::string& bytes) {
  T value{};
  const Decoded outcome = decode(cell_of(bytes), value);
  return {outcome, value};
}

template <typename T>
void expect_fixed_size(Decoded (*decode)(CellView, T&), size_t size) {
  T value{};
  EXPECT_EQ(decode(CellView(), value), Decoded::kNull);
  for (size_t length = 0; length <= 17; ++length) {
    const std::string bytes(length, '\0');
    const Decoded expected = length == size ? Decoded::kValue
                             : length == 0  ? Decoded::kNull
                                            : Decoded::kMalformed;
    EXPECT_EQ(decode(cell_of(bytes), value), expected) << length << " bytes for " << size;
  }
}

TEST(Scalar, CellsOfFixedSizeAreNullWhenEmptyAndMalformedInAnyOtherSize) {
  expect_fixed_size(decode_tinyint, 1);
  expect_fixed_size(decode_smallint, 2);
  expect_fixed_size(decode_int, 4);
  expect_fixed_size(decode_bigint, 8);
  expect_fixed_size(decode_boolean, 1);
  expect_fixed_size(decode_float, 4);
  expect_fixed_size(decode_double, 8);
  expect_fixed_size(decode_timestamp_ms, 8);
  expect_fixed_size(decode_date_days, 4);
  expect_fixed_size(decode_time_ns, 8);
  expect_fixed_size(decode_uuid, 16);
}

template <typename T>
void expect_extremes(Decoded (*decode)(CellView, T&)) {
  for (const T value :
       {std::numeric_limits<T>::min(), T{-1}, T{0}, T{1}, std::numeric_limits<T>::max()}) {
    EXPECT_EQ(decoded(decode, wire(value)), std::make_pair(Decoded::kValue, value));
  }
}

TEST(Scalar, IntegersKeepTheirExtremes) {
  expect_extremes(decode_tinyint);
  expect_extremes(decode_smallint);
  expect_extremes(decode_int);
  expect_extremes(decode_bigint);
}

TEST(Scalar, AnyNonZeroBooleanByteIsTrue) {
  EXPECT_FALSE(decoded(decode_boolean, from_hex("00")).second);
  EXPECT_TRUE(decoded(decode_boolean, from_hex("01")).second);
  EXPECT_TRUE(decoded(decode_boolean, from_hex("ff")).second);
}

TEST(Scalar, FloatsKeepSignedZeroInfinityAndNan) {
  EXPECT_TRUE(std::signbit(decoded(decode_float, wire(-0.0F)).second));
  EXPECT_EQ(decoded(decode_float, wire(-std::numeric_limits<float>::infinity())).second,
            -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(decoded(decode_double, from_hex("7ff8000000000001")).second));
  EXPECT_EQ(decoded(decode_double, wire(5e-324)).second, 5e-324);
}

TEST(Scalar, DatesAreCentredAtTwoToTheThirtyFirst) {
  EXPECT_EQ(decoded(decode_date_days, from_hex("80000000")).second, 0);
  EXPECT_EQ(decoded(decode_date_days, from_hex("80000001")).second, 1);
  EXPECT_EQ(decoded(decode_date_days, from_hex("7fffffff")).second, -1);
  EXPECT_EQ(decoded(decode_date_days, from_hex("00000000")).second,
            std::numeric_limits<int32_t>::min());
  EXPECT_EQ(decoded(decode_date_days, from_hex("ffffffff")).second,
            std::numeric_limits<int32_t>::max());
}

TEST(Scalar, TimesOutsideADayAreMalformed) {
  EXPECT_EQ(decoded(decode_time_ns, wire(int64_t{86'399'999'999'999})).second, 86'399'999'999'999);
  EXPECT_EQ(decoded(decode_time_ns, wire(int64_t{86'400'000'000'000})).first, Decoded::kMalformed);
  EXPECT_EQ(decoded(decode_time_ns, wire(int64_t{-1})).first, Decoded::kMalformed);
}

TEST(Scalar, EmptyTextAndBlobsAreValues) {
  EXPECT_EQ(decoded(decode_bytes, ""), std::make_pair(Decoded::kValue, std::string_view()));
  EXPECT_EQ(decoded(decode_bytes, "a\n").second, "a\n");
  std::string_view value;
  EXPECT_EQ(decode_bytes(CellView(), value), Decoded::kNull);
}

}  // namespace
}  // namespace ringsync
