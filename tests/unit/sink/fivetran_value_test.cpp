#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <type_traits>

#include "../cql/nested_bytes.h"
#include "sink/fivetran/value_reader.h"

namespace ringsync {
namespace {

using ::testing::HasSubstr;

Table table_of(CqlType type, bool is_key) {
  Table table;
  table.keyspace = "ks";
  table.name = "t";
  table.columns.resize(1);
  table.columns[0].name = "c";
  table.columns[0].type = std::move(type);
  if (is_key) {
    table.columns[0].kind = ColumnKind::kPartitionKey;
    table.partition_key_count = table.primary_key_count = 1;
  }
  return table;
}

FivetranColumn column_of(CqlType type, const FivetranEncoding& encoding, bool is_key) {
  return fivetran_columns(table_of(std::move(type), is_key), encoding).value().at(0);
}

template <typename Value>
std::string shown(const Value& value) {
  if constexpr (std::is_same_v<Value, Instant>) {
    return fmt::format("{} s {} ns", value.seconds, value.nanos);
  } else if constexpr (std::is_same_v<Value, std::string> ||
                       std::is_same_v<Value, std::string_view>) {
    return std::string(value);
  } else {
    return fmt::format("{}", value);
  }
}

/// The value that `bytes` become, as text, behind the type's name; or the outcome.
std::string value_in(const FivetranColumn& column, CellView cell) {
  return to_string(column.type) + " " + visit_value_reader(column, [&](auto reader) -> std::string {
           typename decltype(reader)::Value value{};
           switch (reader(cell, value)) {
             case Decoded::kValue: return shown(value);
             case Decoded::kNull: return "null";
             case Decoded::kMalformed: return "malformed";
             case Decoded::kUnrepresentable: return "unrepresentable";
           }
           return "";
         });
}

std::string compatible(CqlType type, const std::string& bytes, bool is_key = false) {
  return value_in(column_of(std::move(type), {}, is_key), cell_of(bytes));
}
std::string compatible(TypeKind kind, const std::string& bytes) {
  return compatible(typed(kind), bytes);
}
std::string lossless(TypeKind kind, const std::string& bytes) {
  return value_in(column_of(typed(kind), {.mapping = TypeMapping::kLossless}, false),
                  cell_of(bytes));
}
std::string key(TypeKind kind, const std::string& bytes) {
  return compatible(typed(kind), bytes, true);
}
std::string sized(TypeKind kind, const std::string& bytes, DecimalSize size, bool is_key = false) {
  FivetranEncoding encoding;
  encoding.decimal_size = [size](const std::string&, const std::string&) { return size; };
  return value_in(column_of(typed(kind), encoding, is_key), cell_of(bytes));
}

std::string decimal(int32_t scale, std::string_view unscaled) {
  return wire(scale) + from_hex(unscaled);
}

TEST(FivetranValue, WholeNumbersAreIntOrLong) {
  EXPECT_EQ(compatible(TypeKind::kTinyint, wire(int8_t{-128})), "INT -128");
  EXPECT_EQ(compatible(TypeKind::kSmallint, wire(int16_t{-32768})), "INT -32768");
  EXPECT_EQ(compatible(TypeKind::kInt, wire(int32_t{-1})), "INT -1");
  EXPECT_EQ(compatible(TypeKind::kBigint, wire(std::numeric_limits<int64_t>::min())),
            "LONG -9223372036854775808");
  EXPECT_EQ(compatible(TypeKind::kInt, ""), "INT null");
  EXPECT_EQ(compatible(TypeKind::kInt, "abc"), "INT malformed");
}

TEST(FivetranValue, AVarintIsALongUpTo64BitsAndItsDigitsWhereNothingMayBeLost) {
  EXPECT_EQ(compatible(TypeKind::kVarint, from_hex("80 00000000000000")),
            "LONG -9223372036854775808");
  EXPECT_EQ(compatible(TypeKind::kVarint, from_hex("00 ff")), "LONG 255");
  EXPECT_EQ(compatible(TypeKind::kVarint, from_hex("00000000 00000000 00 01")), "LONG 1");
  EXPECT_EQ(compatible(TypeKind::kVarint, from_hex("00 80000000 00000000")),
            "LONG unrepresentable");
  EXPECT_EQ(lossless(TypeKind::kVarint, from_hex("00 80000000 00000000")),
            "STRING 9223372036854775808");
}

TEST(FivetranValue, ADecimalIsTheNearestDouble) {
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(1, "01")), "DOUBLE 0.1");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(-3, "01")), "DOUBLE 1000");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(7, "00")), "DOUBLE 0");
  // 2^53 + 1: a tie, to even.
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(0, "20000000000001")),
            "DOUBLE 9007199254740992");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(0, "20000000000003")),
            "DOUBLE 9007199254740996");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(-308, "01")), "DOUBLE 1e+308");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(323, "01")), "DOUBLE 1e-323");
}

TEST(FivetranValue, ADecimalBeyondTheDoublesIsUnrepresentable) {
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(-309, "01")), "DOUBLE unrepresentable");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(400, "01")), "DOUBLE unrepresentable");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(std::numeric_limits<int32_t>::max(), "01")),
            "DOUBLE unrepresentable");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(std::numeric_limits<int32_t>::min(), "7f")),
            "DOUBLE unrepresentable");
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(std::numeric_limits<int32_t>::min(), "00")),
            "DOUBLE 0");
  EXPECT_EQ(compatible(TypeKind::kDecimal, "1234"), "DOUBLE malformed");
}

TEST(FivetranValue, ADecimalOfMoreDigitsThanADoubleHasIsRoundedOnce) {
  // (2^53 + 1) * 2^72 and one more: just past the middle between two doubles.
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(0, "20000000000001 000000000000000001")),
            fmt::format("DOUBLE {}", 0x1.0000000000001p125));
  EXPECT_EQ(compatible(TypeKind::kDecimal, decimal(0, "20000000000001 000000000000000000")),
            fmt::format("DOUBLE {}", 0x1p125));
}

TEST(FivetranValue, FixedPointNumbersHaveAllDigitsOfTheirScale) {
  EXPECT_EQ(sized(TypeKind::kDecimal, decimal(1, "05"), {10, 2}), "DECIMAL(10,2) 0.50");
  EXPECT_EQ(sized(TypeKind::kDecimal, decimal(2, "fb"), {10, 2}), "DECIMAL(10,2) -0.05");
  EXPECT_EQ(sized(TypeKind::kDecimal, decimal(0, "00"), {10, 2}), "DECIMAL(10,2) 0.00");
  EXPECT_EQ(sized(TypeKind::kDecimal, decimal(0, "3039"), {10, 0}), "DECIMAL(10,0) 12345");
  EXPECT_EQ(sized(TypeKind::kDecimal, decimal(3, "05"), {10, 2}), "DECIMAL(10,2) unrepresentable");
  EXPECT_EQ(sized(TypeKind::kVarint, from_hex("7f"), {3, 0}), "DECIMAL(3,0) 127");
  EXPECT_EQ(sized(TypeKind::kDecimal, decimal(1, "0a"), {10, 2}, true),
            "DECIMAL(10,2) unrepresentable");
  EXPECT_EQ(sized(TypeKind::kDecimal, decimal(2, "0a"), {10, 2}, true), "DECIMAL(10,2) 0.10");
}

TEST(FivetranValue, MomentsAreSecondsRoundedDownAndNanoseconds) {
  EXPECT_EQ(compatible(TypeKind::kTimestamp, wire(int64_t{0})), "UTC_DATETIME 0 s 0 ns");
  EXPECT_EQ(compatible(TypeKind::kTimestamp, wire(int64_t{1001})), "UTC_DATETIME 1 s 1000000 ns");
  EXPECT_EQ(compatible(TypeKind::kTimestamp, wire(int64_t{-1})), "UTC_DATETIME -1 s 999000000 ns");
  EXPECT_EQ(compatible(TypeKind::kDate, wire(uint32_t{0x8000'0000U - 1})),
            "NAIVE_DATE -86400 s 0 ns");
}

TEST(FivetranValue, MomentsEndWithTheYears1And9999) {
  const int64_t first_ms = -62'135'596'800'000;
  const int64_t last_ms = 253'402'300'799'999;
  EXPECT_EQ(compatible(TypeKind::kTimestamp, wire(first_ms)), "UTC_DATETIME -62135596800 s 0 ns");
  EXPECT_EQ(compatible(TypeKind::kTimestamp, wire(first_ms - 1)), "UTC_DATETIME unrepresentable");
  EXPECT_EQ(compatible(TypeKind::kTimestamp, wire(last_ms)),
            "UTC_DATETIME 253402300799 s 999000000 ns");
  EXPECT_EQ(compatible(TypeKind::kTimestamp, wire(last_ms + 1)), "UTC_DATETIME unrepresentable");
  EXPECT_EQ(compatible(TypeKind::kTimestamp, wire(std::numeric_limits<int64_t>::min())),
            "UTC_DATETIME unrepresentable");
  const uint32_t first_day = 0x8000'0000U - 719'162;
  const uint32_t last_day = 0x8000'0000U + 2'932'896;
  EXPECT_EQ(compatible(TypeKind::kDate, wire(first_day)), "NAIVE_DATE -62135596800 s 0 ns");
  EXPECT_EQ(compatible(TypeKind::kDate, wire(first_day - 1)), "NAIVE_DATE unrepresentable");
  EXPECT_EQ(compatible(TypeKind::kDate, wire(last_day)), "NAIVE_DATE 253402214400 s 0 ns");
  EXPECT_EQ(compatible(TypeKind::kDate, wire(last_day + 1)), "NAIVE_DATE unrepresentable");
}

TEST(FivetranValue, WhatFivetranHasNoTypeForIsText) {
  EXPECT_EQ(compatible(TypeKind::kUuid, from_hex("00112233445566778899aabbccddeeff")),
            "STRING 00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(compatible(TypeKind::kInet, from_hex("7f000001")), "STRING 127.0.0.1");
  EXPECT_EQ(compatible(TypeKind::kTime, wire(int64_t{1})), "STRING 00:00:00.000000001");
  EXPECT_EQ(compatible(TypeKind::kDuration, from_hex("02 04 06")), "STRING P1M2DT0.000000003S");
  EXPECT_EQ(lossless(TypeKind::kDecimal, decimal(2, "64")), "STRING 1.00");
}

TEST(FivetranValue, ABlobIsHexadecimalTextOrItsBytes) {
  EXPECT_EQ(compatible(TypeKind::kBlob, from_hex("00ff")), "STRING 0x00ff");
  EXPECT_EQ(compatible(TypeKind::kBlob, ""), "STRING 0x");
  EXPECT_EQ(lossless(TypeKind::kBlob, from_hex("c3 28")), "BINARY \xc3\x28");
}

TEST(FivetranValue, TextIsUtf8OrMalformed) {
  EXPECT_EQ(compatible(TypeKind::kText,
                       "Gr\xc3\xbc\xc3\x9f"
                       "e"),
            "STRING Gr\xc3\xbc\xc3\x9f"
            "e");
  EXPECT_EQ(compatible(TypeKind::kText, ""), "STRING ");
  EXPECT_EQ(compatible(TypeKind::kText, "\xc3\x28"), "STRING malformed");
  EXPECT_EQ(compatible(TypeKind::kText, std::string(100, 'a') + "\xed\xa0\x80"),
            "STRING malformed");
  EXPECT_EQ(compatible(typed(TypeKind::kList, {typed(TypeKind::kText)}), collection_of({"\xff"})),
            "JSON malformed");
}

TEST(FivetranValue, NestedTypesAreJsonAndTextAsAKey) {
  const CqlType list = typed(TypeKind::kList, {typed(TypeKind::kInt)});
  const std::string cell = collection_of({wire(int32_t{1}), std::nullopt});
  EXPECT_EQ(compatible(list, cell), "JSON [1,null]");
  EXPECT_EQ(compatible(list, cell, true), "STRING [1,null]");
}

TEST(FivetranValue, AKeyThatSharesItsValueWithAnotherIsUnrepresentable) {
  EXPECT_EQ(key(TypeKind::kDouble, wire(-0.0)), "DOUBLE unrepresentable");
  EXPECT_EQ(compatible(TypeKind::kDouble, wire(-0.0)), "DOUBLE -0");
  EXPECT_EQ(key(TypeKind::kFloat, wire(-0.0F)), "FLOAT unrepresentable");
  EXPECT_EQ(key(TypeKind::kBoolean, from_hex("02")), "BOOLEAN unrepresentable");
  EXPECT_EQ(key(TypeKind::kVarint, from_hex("0001")), "LONG unrepresentable");
  EXPECT_EQ(key(TypeKind::kDecimal, decimal(-3, "01")), "STRING 1E+3");
  EXPECT_EQ(key(TypeKind::kDecimal, decimal(0, "0001")), "STRING unrepresentable");
}

TEST(FivetranValue, FailuresNameTheColumnAndTheOptionThatHelps) {
  const auto message = [](TypeKind kind, bool is_key) {
    return column_of(typed(kind), {}, is_key).cell_failure(Decoded::kUnrepresentable).message;
  };
  EXPECT_THAT(message(TypeKind::kVarint, false),
              AllOf(HasSubstr("table \"ks\".\"t\", column \"c\" (varint)"),
                    HasSubstr("type_mapping=lossless"), HasSubstr("on_unrepresentable=null")));
  EXPECT_THAT(message(TypeKind::kVarint, true),
              AllOf(HasSubstr("type_mapping=lossless"), Not(HasSubstr("on_unrepresentable"))));
  EXPECT_THAT(message(TypeKind::kTimestamp, false), HasSubstr("years 1 to 9999"));
  EXPECT_THAT(column_of(typed(TypeKind::kText), {}, true).cell_failure(Decoded::kNull).message,
              HasSubstr("a key column without a value"));
}

TEST(FivetranValue, ColumnsThatCannotBeAreNamedBeforeAnyRow) {
  const auto unknown = fivetran_columns(table_of(typed(TypeKind::kCustom), false), {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kUnsupportedType);
  FivetranEncoding encoding;
  encoding.decimal_size = [](const std::string&, const std::string&) { return DecimalSize{10, 2}; };
  const auto sized_varint = fivetran_columns(table_of(typed(TypeKind::kVarint), false), encoding);
  ASSERT_FALSE(sized_varint.ok());
  EXPECT_EQ(sized_varint.error().code, ErrorCode::kConfig);
  EXPECT_THAT(sized_varint.error().message, HasSubstr("column \"c\""));
}

}  // namespace
}  // namespace ringsync
