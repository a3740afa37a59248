#include "sink/arrow/arrow_page_encoder.h"

#include <gtest/gtest.h>

#include "../cql/page_builder.h"

namespace ringsync {
namespace {

Table table_of(TypeKind key, TypeKind value) {
  Table table;
  table.keyspace = "ks";
  table.name = "t";
  table.columns.resize(2);
  table.columns[0].name = "key";
  table.columns[0].type.kind = key;
  table.columns[1].name = "value";
  table.columns[1].type.kind = value;
  table.partition_key_count = table.primary_key_count = 1;
  return table;
}

/// The error of encoding `page`, and the row that it names.
std::pair<Error, uint32_t> failure_of(const Table& table, PageBuilder& page) {
  auto encoder = ArrowPageEncoder::make(table, {});
  uint32_t failed_row = 99;
  auto encoded = (*encoder)->encode(page.view(), failed_row);
  if (encoded.ok()) return {{ErrorCode::kInternal, "no failure"}, failed_row};
  return {encoded.error(), failed_row};
}

/// kInternal stands for no failure.
ErrorCode key_failure(TypeKind kind, const std::string& bytes) {
  PageBuilder page(2);
  page.bytes(bytes).null();
  return failure_of(table_of(kind, TypeKind::kInt), page).first.code;
}

TEST(ArrowPageEncoder, ColumnsWithoutNullsTakeNoValidityBits) {
  PageBuilder page(2);
  for (int32_t i = 0; i < 10; ++i) {
    page.number(i);
    if (i == 9) {
      page.null();
    } else {
      page.bytes("xy");
    }
  }
  auto encoder = ArrowPageEncoder::make(table_of(TypeKind::kInt, TypeKind::kText), {});
  uint32_t failed_row = 0;
  auto encoded = (*encoder)->encode(page.view(), failed_row);
  ASSERT_TRUE(encoded.ok());
  const auto& arrow_page = static_cast<const ArrowPage&>(**encoded);
  ASSERT_EQ(arrow_page.row_count(), 10U);
  EXPECT_EQ(arrow_page.columns()[0].validity.size(), 0U);
  EXPECT_EQ(arrow_page.columns()[0].values.size(), 40U);
  EXPECT_EQ(arrow_page.columns()[1].null_count, 1);
  EXPECT_EQ(arrow_page.columns()[1].validity.data()[1] & 0b11, 0b01);
  EXPECT_EQ(arrow_page.columns()[1].data.size(), 18U);
  EXPECT_EQ(arrow_page.byte_size(), 40U + 2U + 44U + 18U);
}

TEST(ArrowPageEncoder, TextThatIsNotUtf8FailsWithItsRow) {
  const Table table = table_of(TypeKind::kInt, TypeKind::kText);
  PageBuilder page(2);
  page.number(int32_t{0}).bytes("fine").number(int32_t{1}).bytes("\xff");
  EXPECT_EQ(failure_of(table, page).first.code, ErrorCode::kMalformed);
  EXPECT_EQ(failure_of(table, page).second, 1U);
}

TEST(ArrowPageEncoder, ACharacterSplitOverTwoCellsIsNotUtf8) {
  PageBuilder page(2);
  page.number(int32_t{0}).bytes("\xc3").number(int32_t{1}).bytes("\xa9");
  const auto [error, row] = failure_of(table_of(TypeKind::kInt, TypeKind::kText), page);
  EXPECT_EQ(error.code, ErrorCode::kMalformed);
  EXPECT_EQ(row, 0U);
}

TEST(ArrowPageEncoder, KeysWithoutAValueFail) {
  PageBuilder null_key(2);
  null_key.null().null();
  const auto [error, row] = failure_of(table_of(TypeKind::kInt, TypeKind::kText), null_key);
  EXPECT_EQ(error.code, ErrorCode::kMalformed);
  EXPECT_EQ(row, 0U);
  EXPECT_NE(error.message.find(R"("ks"."t", column "key" (int))"), std::string::npos)
      << error.message;
  EXPECT_EQ(failure_of(table_of(TypeKind::kText, TypeKind::kText), null_key).first.code,
            ErrorCode::kMalformed);
  EXPECT_EQ(key_failure(TypeKind::kBigint, ""), ErrorCode::kMalformed);
}

TEST(ArrowPageEncoder, KeysThatTwoByteStringsCouldMeanFail) {
  EXPECT_EQ(key_failure(TypeKind::kVarint, from_hex("0001")), ErrorCode::kUnrepresentable);
  EXPECT_EQ(key_failure(TypeKind::kVarint, from_hex("01")), ErrorCode::kInternal);
  EXPECT_EQ(key_failure(TypeKind::kDecimal, from_hex("00000000ffff")), ErrorCode::kUnrepresentable);
  EXPECT_EQ(key_failure(TypeKind::kBoolean, from_hex("02")), ErrorCode::kUnrepresentable);
  EXPECT_EQ(key_failure(TypeKind::kBoolean, from_hex("01")), ErrorCode::kInternal);
  EXPECT_EQ(key_failure(TypeKind::kDouble, wire(-0.0)), ErrorCode::kUnrepresentable);
  EXPECT_EQ(key_failure(TypeKind::kDouble, wire(0.0)), ErrorCode::kInternal);
  EXPECT_EQ(key_failure(TypeKind::kDouble, from_hex("7ff8000000000001")),
            ErrorCode::kUnrepresentable);
  EXPECT_EQ(key_failure(TypeKind::kDouble, from_hex("7ff8000000000000")), ErrorCode::kInternal);
  EXPECT_EQ(key_failure(TypeKind::kFloat, wire(-0.0F)), ErrorCode::kUnrepresentable);
  EXPECT_EQ(key_failure(TypeKind::kFloat, from_hex("ffc00000")), ErrorCode::kUnrepresentable);
  EXPECT_EQ(key_failure(TypeKind::kFloat, wire(1.5F)), ErrorCode::kInternal);
}

TEST(ArrowPageEncoder, TimestampsAndDatesBeyondTheDestinationFail) {
  for (const int64_t ms : {INT64_MAX, INT64_MIN, int64_t{9'223'372'036'854'776}}) {
    PageBuilder page(2);
    page.number(int32_t{0}).number(int64_t{0}).number(int32_t{1}).number(ms);
    const auto [error, row] = failure_of(table_of(TypeKind::kInt, TypeKind::kTimestamp), page);
    EXPECT_EQ(error.code, ErrorCode::kUnrepresentable) << ms;
    EXPECT_EQ(row, 1U);
  }
  for (const uint32_t date : {0U, 1U, 0xFFFFFFFFU}) {
    PageBuilder page(2);
    page.number(int32_t{0}).number(static_cast<int32_t>(date));
    EXPECT_EQ(failure_of(table_of(TypeKind::kInt, TypeKind::kDate), page).first.code,
              ErrorCode::kUnrepresentable)
        << date;
  }
}

TEST(ArrowPageEncoder, PagesOfAnotherWidthAreASchemaChange) {
  PageBuilder page(3);
  page.null().null().null();
  EXPECT_EQ(failure_of(table_of(TypeKind::kInt, TypeKind::kInt), page).first.code,
            ErrorCode::kSchemaChanged);
}

TEST(ArrowPageEncoder, TypesThatNobodyKnowsFailByNameWhereverTheyHide) {
  Table table = table_of(TypeKind::kInt, TypeKind::kList);
  CqlType unknown;
  unknown.name = "org.example.Shape";
  table.columns[1].type.children = {unknown};
  const auto encoder = ArrowPageEncoder::make(table, {});
  ASSERT_FALSE(encoder.ok());
  EXPECT_EQ(encoder.error().code, ErrorCode::kUnsupportedType);
  EXPECT_NE(encoder.error().message.find(
                R"("ks"."t", column "value" (list<org.example.Shape>): Ringsync does not know)"),
            std::string::npos)
      << encoder.error().message;
}

TEST(ArrowPageEncoder, UnrepresentableValuesBecomeNullWhereTheUserSaysSoAndAreCounted) {
  ArrowEncoding encoding;
  encoding.on_unrepresentable = OnUnrepresentable::kNull;
  PageBuilder page(2);
  page.number(int32_t{0}).number(INT64_MAX).number(int32_t{1}).number(int64_t{5});
  page.number(int32_t{2}).null().number(int32_t{3}).number(INT64_MIN);
  auto encoder = ArrowPageEncoder::make(table_of(TypeKind::kInt, TypeKind::kTimestamp), encoding);
  uint32_t failed_row = 0;
  const auto encoded = (*encoder)->encode(page.view(), failed_row);
  ASSERT_TRUE(encoded.ok()) << encoded.error().message;
  ASSERT_EQ((*encoded)->nulled().size(), 1U);
  EXPECT_EQ((*encoded)->nulled()[0].column, 1);
  EXPECT_EQ((*encoded)->nulled()[0].count, 2U);
  const auto& column = static_cast<const ArrowPage&>(**encoded).columns()[1];
  EXPECT_EQ(column.null_count, 3);
  EXPECT_EQ(column.validity.data()[0] & 0b1111, 0b0010);
}

TEST(ArrowPageEncoder, KeysAndMalformedValuesAreNeverNulled) {
  ArrowEncoding encoding;
  encoding.on_unrepresentable = OnUnrepresentable::kNull;
  PageBuilder key(2);
  key.number(INT64_MAX).null();
  auto keyed = ArrowPageEncoder::make(table_of(TypeKind::kTimestamp, TypeKind::kInt), encoding);
  uint32_t failed_row = 99;
  const auto refused = (*keyed)->encode(key.view(), failed_row);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnrepresentable);
  EXPECT_EQ(failed_row, 0U);
  PageBuilder malformed(2);
  malformed.number(int32_t{0}).bytes("abc");
  auto plain = ArrowPageEncoder::make(table_of(TypeKind::kInt, TypeKind::kTimestamp), encoding);
  EXPECT_EQ((*plain)->encode(malformed.view(), failed_row).error().code, ErrorCode::kMalformed);
}

TEST(ArrowPageEncoder, LimitsOfADestinationHoldForTextAndFloats) {
  ArrowEncoding encoding;
  encoding.limits.text_holds_nul = false;
  encoding.limits.floats_hold_nan = false;
  encoding.limits.value_bytes_max = 3;
  const auto code = [&](TypeKind kind, const std::string& bytes) {
    PageBuilder page(2);
    page.number(int32_t{0}).bytes(bytes);
    auto encoder = ArrowPageEncoder::make(table_of(TypeKind::kInt, kind), encoding);
    uint32_t failed_row = 0;
    const auto encoded = (*encoder)->encode(page.view(), failed_row);
    return encoded.ok() ? ErrorCode::kInternal : encoded.error().code;
  };
  EXPECT_EQ(code(TypeKind::kText, "abc"), ErrorCode::kInternal);
  EXPECT_EQ(code(TypeKind::kText, std::string("a\0", 2)), ErrorCode::kUnrepresentable);
  EXPECT_EQ(code(TypeKind::kBlob, std::string("a\0", 2)), ErrorCode::kInternal);
  EXPECT_EQ(code(TypeKind::kText, "four"), ErrorCode::kUnrepresentable);
  EXPECT_EQ(code(TypeKind::kVarint, wire(int32_t{70000})), ErrorCode::kUnrepresentable);
  EXPECT_EQ(code(TypeKind::kDouble, wire(1.5)), ErrorCode::kInternal);
  EXPECT_EQ(code(TypeKind::kDouble, from_hex("7ff8000000000000")), ErrorCode::kUnrepresentable);
  EXPECT_EQ(code(TypeKind::kFloat, from_hex("7fc00000")), ErrorCode::kUnrepresentable);
  EXPECT_EQ(code(TypeKind::kFloat, from_hex("7f800000")), ErrorCode::kInternal) << "infinity fits";
}

TEST(ArrowPageEncoder, DecimalKeysOfAnotherScaleFailSinceTheyCouldMeetTheirEqual) {
  ArrowEncoding encoding;
  encoding.decimal_size = [](const std::string&, const std::string& column) {
    return column == "key" ? std::optional(DecimalSize{10, 2}) : std::nullopt;
  };
  const auto code = [&](int32_t scale, const std::string& unscaled) {
    PageBuilder page(2);
    page.bytes(wire(scale) + from_hex(unscaled)).null();
    auto encoder = ArrowPageEncoder::make(table_of(TypeKind::kDecimal, TypeKind::kInt), encoding);
    uint32_t failed_row = 0;
    const auto encoded = (*encoder)->encode(page.view(), failed_row);
    return encoded.ok() ? ErrorCode::kInternal : encoded.error().code;
  };
  EXPECT_EQ(code(2, "64"), ErrorCode::kInternal);           // 1.00
  EXPECT_EQ(code(1, "0a"), ErrorCode::kUnrepresentable);    // 1.0
  EXPECT_EQ(code(2, "0064"), ErrorCode::kUnrepresentable);  // 1.00 with a needless byte
}

}  // namespace
}  // namespace ringsync
