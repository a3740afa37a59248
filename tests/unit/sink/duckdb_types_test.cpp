// Every scalar type through encoder, ADBC and DuckDB, read back as DuckDB writes it.
#include <gmock/gmock.h>

#include <limits>

#include "duckdb_fixture.h"

namespace ringsync {
namespace {

using testing::ElementsAre;

class DuckDbTypes : public DuckDbTest {
 protected:
  /// What DuckDB holds for cells of one type ("null" makes a null), with the column's type first.
  std::vector<std::string> round_trip(TypeKind kind, const std::vector<std::string>& cells,
                                      const std::string& as_text = "value::VARCHAR") {
    const std::string table = "t" + std::to_string(table_number_++);
    const TablePlan plan = plan_of(table, {{"id", TypeKind::kInt}, {"value", kind}});
    PageBuilder page(2);
    for (size_t i = 0; i < cells.size(); ++i) {
      page.number(static_cast<int32_t>(i));
      if (cells[i] == "null") {
        page.null();
      } else {
        page.bytes(cells[i]);
      }
    }
    {
      auto sink = open_sink();
      must(sink->open_table(plan));
      deliver_page(*sink, plan, page);
      commit(*sink);
    }
    std::vector<std::string> out =
        rows("SELECT data_type FROM duckdb_columns() WHERE table_name = '" + table +
             "' AND column_name = 'value'");
    for (std::string& value : rows("SELECT " + as_text + " FROM ks.ks." + table + " ORDER BY id")) {
      out.push_back(std::move(value));
    }
    return out;
  }

 private:
  int table_number_ = 0;
};

TEST_F(DuckDbTypes, IntegersArriveInTheirOwnWidth) {
  EXPECT_THAT(round_trip(TypeKind::kTinyint, {wire(int8_t{-128}), wire(int8_t{127}), "null", ""}),
              ElementsAre("TINYINT", "-128", "127", "~", "~"));
  EXPECT_THAT(
      round_trip(TypeKind::kSmallint, {wire(int16_t{-32768}), wire(int16_t{32767}), "null"}),
      ElementsAre("SMALLINT", "-32768", "32767", "~"));
  EXPECT_THAT(round_trip(TypeKind::kInt, {wire(INT32_MIN), wire(INT32_MAX), "null"}),
              ElementsAre("INTEGER", "-2147483648", "2147483647", "~"));
  EXPECT_THAT(round_trip(TypeKind::kBigint, {wire(INT64_MIN), wire(INT64_MAX), "null"}),
              ElementsAre("BIGINT", "-9223372036854775808", "9223372036854775807", "~"));
  EXPECT_THAT(round_trip(TypeKind::kCounter, {wire(int64_t{7})}), ElementsAre("BIGINT", "7"));
}

TEST_F(DuckDbTypes, FloatsAndBooleansArrive) {
  EXPECT_THAT(round_trip(TypeKind::kFloat, {wire(1.5F), wire(-0.0F), "null"}),
              ElementsAre("FLOAT", "1.5", "-0.0", "~"));
  EXPECT_THAT(
      round_trip(TypeKind::kDouble, {wire(5e-324), wire(1.7976931348623157e308),
                                     wire(std::numeric_limits<double>::infinity()),
                                     wire(std::numeric_limits<double>::quiet_NaN()), "null"}),
      ElementsAre("DOUBLE", "5e-324", "1.7976931348623157e+308", "inf", "nan", "~"));
  EXPECT_THAT(round_trip(TypeKind::kBoolean, {from_hex("01"), from_hex("00"), "null",
                                              from_hex("01"), "", from_hex("00"), from_hex("01"),
                                              from_hex("01"), from_hex("00"), from_hex("01")}),
              ElementsAre("BOOLEAN", "true", "false", "~", "true", "~", "false", "true", "true",
                          "false", "true"));
}

TEST_F(DuckDbTypes, TextAndBlobsTellEmptyFromNull) {
  EXPECT_THAT(
      round_trip(TypeKind::kText,
                 {"", "null", "é 🦆 'quoted'", std::string("a\0b", 3), std::string(100'000, 'x')},
                 "CASE WHEN length(value) > 50 THEN 'long' ELSE replace(value, chr(0), '0') END"),
      ElementsAre("VARCHAR", "", "~", "é 🦆 'quoted'", "a0b", "long"));
  EXPECT_THAT(round_trip(TypeKind::kAscii, {"abc", ""}), ElementsAre("VARCHAR", "abc", ""));
  EXPECT_THAT(round_trip(TypeKind::kBlob, {"", "null", from_hex("00ff10")}, "hex(value)"),
              ElementsAre("BLOB", "", "~", "00FF10"));
}

TEST_F(DuckDbTypes, TimesKeepTheirPrecision) {
  EXPECT_THAT(round_trip(TypeKind::kTimestamp,
                         {wire(int64_t{0}), wire(int64_t{-1}), wire(int64_t{1'700'000'000'123}),
                          wire(int64_t{9'223'372'036'854'775}),
                          wire(int64_t{-9'223'372'022'400'000}), "null"},
                         "epoch_us(value)::VARCHAR"),
              ElementsAre("TIMESTAMP WITH TIME ZONE", "0", "-1000", "1700000000123000",
                          "9223372036854775000", "-9223372022400000000", "~"));
  EXPECT_THAT(
      round_trip(TypeKind::kDate, {from_hex("80000000"), from_hex("7fffffff"), from_hex("fffffffe"),
                                   from_hex("00000002"), "null"}),
      ElementsAre("DATE", "1970-01-01", "1969-12-31", "5881580-07-10", "5877642-06-25 (BC)", "~"));
  EXPECT_THAT(
      round_trip(TypeKind::kTime, {wire(int64_t{0}), wire(int64_t{86'399'999'999'999}), "null"}),
      ElementsAre("TIME_NS", "00:00:00", "23:59:59.999999999", "~"));
}

TEST_F(DuckDbTypes, UuidsArriveAsUuids) {
  EXPECT_THAT(round_trip(TypeKind::kUuid, {from_hex("00112233445566778899aabbccddeeff"),
                                           std::string(16, '\0'), std::string(16, '\xff'), "null"}),
              ElementsAre("UUID", "00112233-4455-6677-8899-aabbccddeeff",
                          "00000000-0000-0000-0000-000000000000",
                          "ffffffff-ffff-ffff-ffff-ffffffffffff", "~"));
  EXPECT_THAT(round_trip(TypeKind::kTimeuuid, {from_hex("8d1f8e00d5b511e4a6f8c5e2a1b2c3d4")}),
              ElementsAre("UUID", "8d1f8e00-d5b5-11e4-a6f8-c5e2a1b2c3d4"));
}

TEST_F(DuckDbTypes, ValuesWithoutADuckDbTypeArriveAsExactText) {
  EXPECT_THAT(round_trip(TypeKind::kVarint, {from_hex("008000000000000000"), "null", ""}),
              ElementsAre("VARCHAR", "9223372036854775808", "~", "~"));
  EXPECT_THAT(round_trip(TypeKind::kDecimal, {wire(int32_t{2}) + from_hex("64"), "null"}),
              ElementsAre("VARCHAR", "1.00", "~"));
  EXPECT_THAT(round_trip(TypeKind::kInet, {from_hex("7f000001"), "null"}),
              ElementsAre("VARCHAR", "127.0.0.1", "~"));
  EXPECT_THAT(round_trip(TypeKind::kDuration, {from_hex("020406"), "null"}),
              ElementsAre("VARCHAR", "P1M2DT0.000000003S", "~"));
}

}  // namespace
}  // namespace ringsync
