// Every scalar type through encoder, driver and database, read back as the database writes it; and
// the values that a database cannot hold.
#include <fmt/format.h>

#include <cstdlib>
#include <limits>

#include "fixture.h"

namespace ringsync {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Types : public ConformanceTest {
 protected:
  /// What the destination holds for cells of one type; "null" makes a null.
  std::vector<std::string> round_trip(TypeKind kind, const std::vector<std::string>& cells,
                                      const std::string& expression = "value") {
    const std::string table = "t" + std::to_string(table_number_++);
    PageBuilder page(2);
    for (size_t i = 0; i < cells.size(); ++i) {
      page.number(static_cast<int32_t>(i));
      cells[i] == "null" ? page.null() : page.bytes(cells[i]);
    }
    run(plan_of(table, {{"id", TypeKind::kInt}, {"value", kind}}), page);
    std::vector<std::string> out;
    for (const std::string& row : rows(table, {"id", expression})) {
      out.push_back(row.substr(row.find('|') + 1));
    }
    return out;
  }
  /// The error of encoding a cell, or none.
  std::optional<Error> encoding_error(TypeKind kind, const std::string& cell, bool is_key = false) {
    const TablePlan plan = plan_of("u", {{"id", is_key ? kind : TypeKind::kInt}, {"value", kind}});
    auto sink = open_sink();
    PageBuilder page(2);
    page.bytes(is_key ? cell : wire(int32_t{1})).bytes(cell);
    uint32_t failed_row = 7;
    const auto encoded = must(sink->encoder(plan))->encode(page.view(), failed_row);
    if (encoded.ok()) return std::nullopt;
    EXPECT_EQ(failed_row, 0U);
    return encoded.error();
  }
  /// That each value's text in the destination is read back as the value itself.
  template <typename T>
  void expect_bits(TypeKind kind, const std::vector<T>& values, T (*parse)(const char*, char**)) {
    std::vector<std::string> cells;
    for (const T value : values) cells.push_back(wire(value));
    cells.emplace_back("null");
    const auto read = round_trip(kind, cells);
    ASSERT_EQ(read.size(), cells.size());
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(wire(parse(read[i].c_str(), nullptr)), cells[i]) << read[i];
    }
    EXPECT_EQ(read.back(), "~");
  }
  void expect_unrepresentable(TypeKind kind, const std::vector<std::string>& cells) {
    for (const std::string& cell : cells) {
      for (const bool is_key : {false, true}) {
        const auto error = encoding_error(kind, cell, is_key);
        ASSERT_TRUE(error.has_value());
        EXPECT_EQ(error->code, ErrorCode::kUnrepresentable);
        EXPECT_THAT(error->message,
                    AllOf(HasSubstr(R"("ks"."u")"), HasSubstr(is_key ? "\"id\"" : "\"value\"")));
      }
    }
  }

 private:
  int table_number_ = 0;
};
RINGSYNC_ON_EVERY_DATABASE(Types);

TEST_P(Types, TablesGetTheDocumentedColumnTypes) {
  TablePlan plan = plan_of("types", {{"id", TypeKind::kInt},
                                     {"tinyint", TypeKind::kTinyint},
                                     {"smallint", TypeKind::kSmallint},
                                     {"int", TypeKind::kInt},
                                     {"bigint", TypeKind::kBigint},
                                     {"counter", TypeKind::kCounter},
                                     {"float", TypeKind::kFloat},
                                     {"double", TypeKind::kDouble},
                                     {"boolean", TypeKind::kBoolean},
                                     {"timestamp", TypeKind::kTimestamp},
                                     {"date", TypeKind::kDate},
                                     {"time", TypeKind::kTime},
                                     {"uuid", TypeKind::kUuid},
                                     {"timeuuid", TypeKind::kTimeuuid},
                                     {"ascii", TypeKind::kAscii},
                                     {"text", TypeKind::kText},
                                     {"varint", TypeKind::kVarint},
                                     {"decimal", TypeKind::kDecimal},
                                     {"inet", TypeKind::kInet},
                                     {"duration", TypeKind::kDuration},
                                     {"blob", TypeKind::kBlob}});
  for (const int run : {1, 2}) {
    auto sink = open_sink();
    EXPECT_EQ(must(sink->open_table(plan)).is_new, run == 1);
    commit(*sink);
    sink.reset();
    EXPECT_EQ(column_types("types"), quirks_.type_names);
  }
}

TEST_P(Types, IntegersArriveExactly) {
  EXPECT_THAT(round_trip(TypeKind::kTinyint, {wire(int8_t{-128}), wire(int8_t{127}), "null", ""}),
              ElementsAre("-128", "127", "~", "~"));
  EXPECT_THAT(
      round_trip(TypeKind::kSmallint, {wire(int16_t{-32768}), wire(int16_t{32767}), "null"}),
      ElementsAre("-32768", "32767", "~"));
  EXPECT_THAT(round_trip(TypeKind::kInt, {wire(INT32_MIN), wire(INT32_MAX), "null"}),
              ElementsAre("-2147483648", "2147483647", "~"));
  EXPECT_THAT(round_trip(TypeKind::kBigint, {wire(INT64_MIN), wire(INT64_MAX), "null"}),
              ElementsAre("-9223372036854775808", "9223372036854775807", "~"));
}

TEST_P(Types, FloatsArriveBitForBitButForTheSignOfZeroAndNan) {
  using Doubles = std::numeric_limits<double>;
  using Floats = std::numeric_limits<float>;
  const std::vector<double> doubles = {
      Doubles::denorm_min(), -Doubles::denorm_min(), Doubles::min(),       Doubles::max(),
      Doubles::lowest(),     Doubles::infinity(),    -Doubles::infinity(), 0.1};
  expect_bits<double>(TypeKind::kDouble, doubles, std::strtod);
  const std::vector<float> floats = {
      Floats::denorm_min(), -Floats::denorm_min(), Floats::min(),       Floats::max(),
      Floats::lowest(),     Floats::infinity(),    -Floats::infinity(), 0.1F};
  expect_bits<float>(TypeKind::kFloat, floats, std::strtof);
  EXPECT_EQ(std::stod(round_trip(TypeKind::kDouble, {wire(-0.0)})[0]), 0.0);
  EXPECT_EQ(std::stof(round_trip(TypeKind::kFloat, {wire(-0.0F)})[0]), 0.0F);
  EXPECT_THAT(round_trip(TypeKind::kFloat, {wire(1.5F), wire(-2.25F), "null"}),
              ElementsAre("1.5", "-2.25", "~"));
  if (quirks_.has_nan) {
    EXPECT_THAT(round_trip(TypeKind::kDouble, {wire(std::numeric_limits<double>::quiet_NaN())}),
                ElementsAre(AnyOf("nan", "NaN")));
  }
}

TEST_P(Types, BooleansArrive) {
  EXPECT_THAT(round_trip(TypeKind::kBoolean, {from_hex("01"), from_hex("00"), "null",
                                              from_hex("01"), "", from_hex("00")}),
              ElementsAre(quirks_.true_text, quirks_.false_text, "~", quirks_.true_text, "~",
                          quirks_.false_text));
}

TEST_P(Types, TextAndBlobsTellEmptyFromNull) {
  EXPECT_THAT(round_trip(TypeKind::kText,
                         {"", "null", "é 🦆 'quoted' \\ \"x\" \t\n", std::string(100'000, 'x')},
                         "CASE WHEN length(value) > 50 THEN 'long' ELSE value END"),
              ElementsAre("", "~", "é 🦆 'quoted' \\ \"x\" \t\n", "long"));
  EXPECT_THAT(round_trip(TypeKind::kAscii, {"abc", ""}), ElementsAre("abc", ""));
  const std::string hex = GetParam() == DatabaseKind::kPostgresql
                              ? "encode(value, 'hex')"
                              : "CASE WHEN value IS NOT NULL THEN lower(hex(value)) END";
  EXPECT_THAT(round_trip(TypeKind::kBlob, {"", "null", from_hex("00ff10")}, hex),
              ElementsAre("", "~", "00ff10"));
}

TEST_P(Types, TimestampsAndDatesAndTimesKeepTheirPrecision) {
  const auto instants =
      round_trip(TypeKind::kTimestamp,
                 {wire(int64_t{0}), wire(int64_t{-1}), wire(int64_t{1'700'000'000'123}), "null"});
  ASSERT_EQ(instants.size(), 4U);
  EXPECT_THAT(instants[0], testing::MatchesRegex("1970-01-01[ T]00:00:00.*"));
  EXPECT_THAT(instants[1], testing::MatchesRegex("1969-12-31[ T]23:59:59\\.999.*"));
  EXPECT_THAT(instants[2], testing::MatchesRegex("2023-11-14[ T]22:13:20\\.123.*"));
  EXPECT_EQ(instants[3], "~");
  EXPECT_THAT(round_trip(TypeKind::kDate, {from_hex("80000000"), from_hex("7fffffff"), "null"}),
              ElementsAre("1970-01-01", "1969-12-31", "~"));
  const auto times =
      round_trip(TypeKind::kTime, {wire(int64_t{0}), wire(int64_t{86'399'999'999'999}), "null"});
  ASSERT_EQ(times.size(), 3U);
  EXPECT_THAT(times[0], testing::StartsWith("00:00:00"));
  EXPECT_EQ(times[1], "23:59:59.999999999");
  EXPECT_EQ(times[2], "~");
}

TEST_P(Types, UuidsAndTypesThatAreTextArrive) {
  EXPECT_THAT(round_trip(TypeKind::kUuid, {from_hex("00112233445566778899aabbccddeeff"),
                                           std::string(16, '\xff'), "null"}),
              ElementsAre("00112233-4455-6677-8899-aabbccddeeff",
                          "ffffffff-ffff-ffff-ffff-ffffffffffff", "~"));
  EXPECT_THAT(round_trip(TypeKind::kVarint, {from_hex("008000000000000000"), "null"}),
              ElementsAre("9223372036854775808", "~"));
  EXPECT_THAT(round_trip(TypeKind::kDecimal, {wire(int32_t{2}) + from_hex("64"), "null"}),
              ElementsAre("1.00", "~"));
  EXPECT_THAT(round_trip(TypeKind::kInet, {from_hex("7f000001"), "null"}),
              ElementsAre("127.0.0.1", "~"));
  EXPECT_THAT(round_trip(TypeKind::kDuration, {from_hex("020406"), "null"}),
              ElementsAre("P1M2DT0.000000003S", "~"));
}

TEST_P(Types, TheFirstAndTheLastDateArriveAndThoseBeyondFail) {
  const auto cell = [](int64_t days) { return wire(static_cast<int32_t>(days + (1LL << 31))); };
  const Edge& first = quirks_.first_date;
  const Edge& last = quirks_.last_date;
  EXPECT_THAT(round_trip(TypeKind::kDate, {cell(first.value), cell(last.value)}),
              ElementsAre(first.text, last.text));
  expect_unrepresentable(TypeKind::kDate, {cell(first.value - 1), cell(last.value + 1)});
}

TEST_P(Types, TheFirstAndTheLastTimestampArriveAndThoseBeyondFail) {
  const Edge& first = quirks_.first_instant;
  const Edge& last = quirks_.last_instant;
  EXPECT_THAT(
      round_trip(TypeKind::kTimestamp, {wire(first.value), wire(last.value)}, quirks_.instant_text),
      ElementsAre(first.text, last.text));
  expect_unrepresentable(TypeKind::kTimestamp, {wire(first.value - 1), wire(last.value + 1),
                                                wire(INT64_MIN), wire(INT64_MAX)});
}

// 38 digits: the most that a fixed-point number has.
TEST_P(Types, DecimalsWithASizeAreExactAlsoAsKeys) {
  const std::string most = from_hex("4B3B4CA85A86C47A098A223FFFFFFFFF");   // 10^38 - 1
  const std::string least = from_hex("B4C4B357A5793B85F675DDC000000001");  // its negative
  const std::string beyond = from_hex("4B3B4CA85A86C47A098A224000000000");
  const auto decimal = [](int32_t scale, const std::string& digits) {
    return wire(scale) + digits;
  };
  options_.encoding.decimal_size = [](const std::string& table, const std::string& column) {
    EXPECT_TRUE(table == "d" || table == "u");
    return std::optional(column == "whole" ? DecimalSize{38, 0} : DecimalSize{38, 10});
  };
  const TablePlan plan = plan_of(
      "d",
      {{"id", TypeKind::kDecimal}, {"part", TypeKind::kDecimal}, {"whole", TypeKind::kVarint}});
  PageBuilder page(3);
  page.bytes(decimal(10, most)).bytes(decimal(1, from_hex("0f"))).bytes(most);
  page.bytes(decimal(10, from_hex("00"))).bytes(decimal(10, from_hex("01"))).bytes(least);
  page.bytes(decimal(10, least)).bytes(decimal(10, least)).null();
  page.bytes(decimal(10, from_hex("01"))).null().bytes(from_hex("00"));
  run(plan, page);
  PageBuilder change(3);
  change.bytes(decimal(10, from_hex("01"))).bytes(decimal(0, from_hex("ff"))).bytes(from_hex("01"));
  run(plan, change);

  const bool is_fixed = !quirks_.decimal_type.empty();
  const std::string nines(28, '9');
  const std::string types =
      is_fixed ? fmt::format("{0}(38,10)|{0}(38,10)|{0}(38,0)|", quirks_.decimal_type)
               : "TEXT|TEXT|TEXT|";
  EXPECT_THAT(column_types("d"), testing::StartsWith(types));
  EXPECT_THAT(rows("d", {"id", "part", "whole"}),
              ElementsAre("-" + nines + ".9999999999|-" + nines + ".9999999999|~",
                          "0.0000000000|0.0000000001|-" + std::string(38, '9'),
                          is_fixed ? "0.0000000001|-1.0000000000|1" : "0.0000000001|-1|1",
                          nines + ".9999999999|1.5" + (is_fixed ? "000000000|" : "|") +
                              std::string(38, '9')));

  // What does not fit fails its table, in a key also what another scale would make the same.
  for (const bool is_key : {false, true}) {
    EXPECT_EQ(encoding_error(TypeKind::kDecimal, decimal(10, beyond), is_key).has_value(),
              is_fixed);
    EXPECT_EQ(encoding_error(TypeKind::kDecimal, decimal(11, from_hex("01")), is_key).has_value(),
              is_fixed);
  }
  EXPECT_EQ(encoding_error(TypeKind::kDecimal, decimal(1, from_hex("0a")), true).has_value(),
            is_fixed);
  EXPECT_FALSE(encoding_error(TypeKind::kDecimal, decimal(1, from_hex("0a"))).has_value());
}

TEST_P(Types, WhatTheDatabaseCannotHoldFailsItsTableInAKeyToo) {
  const std::string nul("SECRET\0b", 8);
  const std::string nan = wire(std::numeric_limits<double>::quiet_NaN());
  for (const bool is_key : {false, true}) {
    EXPECT_EQ(encoding_error(TypeKind::kText, nul, is_key).has_value(), !quirks_.has_nul);
    EXPECT_EQ(encoding_error(TypeKind::kDouble, nan, is_key).has_value(), !quirks_.has_nan);
  }
  if (!quirks_.has_nul) {
    const Error error = *encoding_error(TypeKind::kText, nul);
    EXPECT_EQ(error.code, ErrorCode::kUnrepresentable);
    EXPECT_THAT(error.message, testing::Not(HasSubstr("SECRET")));
  }
}

TEST_P(Types, WhatTheDatabaseCannotHoldBecomesNullOnRequest) {
  options_.encoding.on_unrepresentable = OnUnrepresentable::kNull;
  const std::string nul("a\0b", 3);
  const auto read = round_trip(TypeKind::kText, {"x", nul});
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0], "x");
  EXPECT_EQ(read[1] == "~", !quirks_.has_nul);
  EXPECT_THAT(round_trip(TypeKind::kTimestamp, {wire(INT64_MAX)}), ElementsAre("~"));
}

TEST_P(Types, NativeNestedTypesAreRefusedWhereThereAreNone) {
  options_.encoding.nested = NestedForm::kNative;
  const auto opened = open_adbc_sink(options_);
  ASSERT_EQ(opened.ok(), quirks_.has_native_nested);
  if (opened.ok()) return;
  EXPECT_EQ(opened.error().code, ErrorCode::kConfig);
  EXPECT_THAT(opened.error().message, HasSubstr("nested_types"));
}

}  // namespace
}  // namespace ringsync
