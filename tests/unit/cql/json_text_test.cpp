#include "cql/json_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "damaged_cells.h"

namespace ringsync {
namespace {

const CqlType kInt = typed(TypeKind::kInt);
const CqlType kText = typed(TypeKind::kText);
const CqlType kDouble = typed(TypeKind::kDouble);

std::string json_of(const CqlType& type, const MaybeBytes& bytes, JsonRules rules = {}) {
  std::string out;
  const JsonWriter writer(type, rules);
  switch (writer.append(bytes ? cell_of(*bytes) : CellView(), out)) {
    case Decoded::kValue: return out;
    case Decoded::kNull: return "null cell";
    case Decoded::kMalformed: return "malformed";
    case Decoded::kUnrepresentable: return "unrepresentable";
  }
  return "";
}

std::string list_json(TypeKind kind, const std::vector<MaybeBytes>& elements) {
  return json_of(typed(TypeKind::kList, {typed(kind)}), collection_of(elements));
}

constexpr JsonRules kPartitionKey{.is_key = true, .leaves_out_missing = true};
constexpr JsonRules kClusteringKey{.is_key = true, .leaves_out_missing = false};

TEST(Json, NumbersAreBareUpToSixtyFourBitsAndExactTextBeyond) {
  EXPECT_EQ(list_json(TypeKind::kTinyint, {wire(int8_t{-128})}), "[-128]");
  EXPECT_EQ(list_json(TypeKind::kSmallint, {wire(int16_t{7})}), "[7]");
  EXPECT_EQ(list_json(TypeKind::kInt, {wire(INT32_MIN), wire(int32_t{0})}), "[-2147483648,0]");
  EXPECT_EQ(list_json(TypeKind::kBigint, {wire(INT64_MAX)}), "[9223372036854775807]");
  EXPECT_EQ(list_json(TypeKind::kVarint, {from_hex("01"), from_hex("010000000000000000")}),
            R"(["1","18446744073709551616"])");
  EXPECT_EQ(list_json(TypeKind::kDecimal, {wire(int32_t{2}) + from_hex("64")}), R"(["1.00"])");
}

TEST(Json, FloatsAreTheShortestThatReadBackAndTheRestIsText) {
  EXPECT_EQ(list_json(TypeKind::kFloat, {wire(0.1F), wire(1.0F), wire(-0.0F), wire(1e30F)}),
            "[0.1,1.0,-0.0,1e+30]");
  EXPECT_EQ(list_json(TypeKind::kDouble, {wire(5e-324), wire(1.7976931348623157e308)}),
            "[5e-324,1.7976931348623157e+308]");
  EXPECT_EQ(
      list_json(TypeKind::kDouble, {from_hex("7ff8000000000000"), from_hex("7ff0000000000000"),
                                    from_hex("fff0000000000000")}),
      R"(["NaN","Infinity","-Infinity"])");
}

TEST(Json, TextIsEscapedAndMustBeUtf8) {
  EXPECT_EQ(list_json(TypeKind::kText, {"", "plain", "a\"b\\c/\b\f\n\r\t\x01\x1f", "é 🦆"}),
            R"(["","plain","a\"b\\c/\b\f\n\r\t\u0001\u001f","é 🦆"])");
  EXPECT_EQ(list_json(TypeKind::kText, {std::string("a\0b", 3)}), R"(["a\u0000b"])");
  EXPECT_EQ(list_json(TypeKind::kText, {"\xff"}), "malformed");
  EXPECT_EQ(list_json(TypeKind::kAscii, {"\xc3"}), "malformed");
  EXPECT_EQ(json_of(typed(TypeKind::kList, {kText}), collection_of({std::string("a\0b", 3)}),
                    {.holds_nul = false}),
            "unrepresentable");
  const CqlType thing = udt_of({std::string("a\0b", 3)}, {kText});
  EXPECT_EQ(json_of(thing, fields_of({"x"})), R"({"a\u0000b":"x"})");
  EXPECT_EQ(json_of(thing, fields_of({"x"}), {.holds_nul = false}), "unrepresentable");
}

TEST(Json, OtherScalarsHaveOneTextEach) {
  EXPECT_EQ(list_json(TypeKind::kBoolean, {from_hex("00"), from_hex("01")}), "[false,true]");
  EXPECT_EQ(list_json(TypeKind::kBlob, {"", from_hex("00ff")}), R"(["0x","0x00ff"])");
  EXPECT_EQ(list_json(TypeKind::kUuid, {from_hex("00112233445566778899aabbccddeeff")}),
            R"(["00112233-4455-6677-8899-aabbccddeeff"])");
  EXPECT_EQ(list_json(TypeKind::kInet, {from_hex("7f000001")}), R"(["127.0.0.1"])");
  EXPECT_EQ(list_json(TypeKind::kTime, {wire(int64_t{1})}), R"(["00:00:00.000000001"])");
  EXPECT_EQ(list_json(TypeKind::kDuration, {from_hex("020406")}), R"(["P1M2DT0.000000003S"])");
}

TEST(Json, DatesAndTimestampsReachAsFarAsTheirBytes) {
  EXPECT_EQ(list_json(TypeKind::kTimestamp,
                      {wire(int64_t{0}), wire(int64_t{-1}), wire(int64_t{951'782'400'000}),
                       wire(int64_t{253'402'300'800'000}), wire(int64_t{-62'198'755'200'000})}),
            R"(["1970-01-01T00:00:00.000Z","1969-12-31T23:59:59.999Z","2000-02-29T00:00:00.000Z",)"
            R"("+10000-01-01T00:00:00.000Z","-0001-01-01T00:00:00.000Z"])");
  EXPECT_EQ(list_json(TypeKind::kTimestamp, {wire(INT64_MAX), wire(INT64_MIN)}),
            R"(["+292278994-08-17T07:12:55.807Z","-292275055-05-16T16:47:04.192Z"])");
  EXPECT_EQ(list_json(TypeKind::kDate,
                      {from_hex("80000000"), from_hex("00000000"), from_hex("ffffffff")}),
            R"(["1970-01-01","-5877641-06-23","+5881580-07-11"])");
}

TEST(Json, CollectionsTellEmptyFromNullAndNestToAnyDepth) {
  const CqlType set = typed(TypeKind::kSet, {kInt});
  const CqlType lists = typed(TypeKind::kList, {typed(TypeKind::kList, {set})});
  EXPECT_EQ(json_of(set, collection_of({})), "[]");
  EXPECT_EQ(json_of(set, std::nullopt), "null cell");
  EXPECT_EQ(json_of(set, ""), "null cell");
  const std::string inner = collection_of({wire(int32_t{1}), wire(int32_t{2})});
  EXPECT_EQ(
      json_of(lists, collection_of({collection_of({inner, collection_of({})}), collection_of({})})),
      "[[[1,2],[]],[]]");
  EXPECT_EQ(json_of(typed(TypeKind::kList, {kInt}), collection_of({std::nullopt, ""})),
            "[null,null]");
}

TEST(Json, MapsWithScalarKeysAreObjectsAndOthersPairs) {
  EXPECT_EQ(json_of(typed(TypeKind::kMap, {kText, kInt}),
                    collection_of({"a\"", wire(int32_t{1}), "", std::nullopt}, 2)),
            R"({"a\"":1,"":null})");
  EXPECT_EQ(json_of(typed(TypeKind::kMap, {kInt, kText}),
                    collection_of({wire(int32_t{-5}), "x", "", "y"}, 2)),
            R"({"-5":"x","":"y"})");
  EXPECT_EQ(json_of(typed(TypeKind::kMap, {kDouble, kText}),
                    collection_of({from_hex("7ff8000000000000"), "x"}, 2)),
            R"({"NaN":"x"})");
  const CqlType tuple = typed(TypeKind::kTuple, {kInt, kText});
  EXPECT_EQ(json_of(typed(TypeKind::kMap, {tuple, kInt}),
                    collection_of({fields_of({wire(int32_t{1}), "k"}), wire(int32_t{2})}, 2)),
            R"([[[1,"k"],2]])");
  EXPECT_EQ(json_of(typed(TypeKind::kMap, {kText, kInt}), collection_of({}, 2)), "{}");
  EXPECT_EQ(json_of(typed(TypeKind::kMap, {kText, kInt}), collection_of({std::nullopt, ""}, 2)),
            "malformed");
  EXPECT_EQ(json_of(typed(TypeKind::kMap, {tuple, kInt}), collection_of({std::nullopt, ""}, 2)),
            "malformed");
  // Two NaNs of one text would be one name in the object.
  EXPECT_EQ(json_of(typed(TypeKind::kMap, {kDouble, kText}),
                    collection_of({from_hex("7ff8000000000001"), "x"}, 2)),
            "unrepresentable");
}

TEST(Json, FieldsThatAreMissingAreNullAndInPartitionKeysLeftOut) {
  const CqlType thing = udt_of({"a", "B \"q\""}, {kInt, kText});
  const std::string whole = fields_of({wire(int32_t{1}), "x"});
  const std::string with_null = fields_of({wire(int32_t{1}), std::nullopt});
  const std::string short_one = fields_of({wire(int32_t{1})});
  EXPECT_EQ(json_of(thing, whole), R"({"a":1,"B \"q\"":"x"})");
  EXPECT_EQ(json_of(thing, with_null), R"({"a":1,"B \"q\"":null})");
  EXPECT_EQ(json_of(thing, short_one), R"({"a":1,"B \"q\"":null})");
  EXPECT_EQ(json_of(thing, short_one, kClusteringKey), R"({"a":1,"B \"q\"":null})");
  EXPECT_EQ(json_of(thing, short_one, kPartitionKey), R"({"a":1})");
  const std::string with_other_null = fields_of({wire(int32_t{1})}) + wire(int32_t{-2});
  EXPECT_EQ(json_of(thing, with_other_null), R"({"a":1,"B \"q\"":null})");
  EXPECT_EQ(json_of(thing, with_null, kPartitionKey), R"({"a":1,"B \"q\"":null})");
  EXPECT_EQ(json_of(thing, with_other_null, kPartitionKey), "unrepresentable");
  EXPECT_EQ(json_of(thing, ""), "null cell");
  EXPECT_EQ(json_of(thing, whole + "x"), "malformed");
  EXPECT_EQ(json_of(typed(TypeKind::kTuple, {kInt, kInt}), short_one), "[1,null]");
  EXPECT_EQ(json_of(typed(TypeKind::kTuple, {kInt, kInt}), short_one, kPartitionKey), "[1]");
}

TEST(Json, VectorsOfFixedAndVariableSizeAreArrays) {
  EXPECT_EQ(json_of(vector_of(typed(TypeKind::kFloat), 2), wire(1.5F) + wire(-2.0F)), "[1.5,-2.0]");
  EXPECT_EQ(json_of(vector_of(kText, 2), from_hex("02") + "ab" + from_hex("00")), R"(["ab",""])");
  // tinyint has one byte, and Cassandra writes its length all the same.
  EXPECT_EQ(json_of(vector_of(typed(TypeKind::kTinyint), 2), from_hex("0105 01ff")), "[5,-1]");
  EXPECT_EQ(json_of(vector_of(vector_of(kInt, 2), 2),
                    wire(int32_t{1}) + wire(int32_t{2}) + wire(int32_t{3}) + wire(int32_t{4})),
            "[[1,2],[3,4]]");
  EXPECT_EQ(json_of(vector_of(vector_of(kText, 1), 2), from_hex("02 01 61 02 01 62")),
            R"([["a"],["b"]])");
  const std::string long_text(300, 'x');
  EXPECT_EQ(json_of(vector_of(kText, 1), from_hex("812c") + long_text), "[\"" + long_text + "\"]");
}

TEST(Json, CountsLengthsAndSizesThatDoNotFitTheCellAreMalformed) {
  for (const auto& [type, bytes] : malformed_cells()) {
    EXPECT_EQ(json_of(type, bytes), "malformed") << to_string(type);
  }
}

TEST(Json, EveryCutOfANestedCellIsMalformedOrShorterAndNeverReadPastItsEnd) {
  const auto [list, whole] = cell_to_cut();
  EXPECT_EQ(json_of(list, whole),
            R"([{"a":{"key":1,"k2":2},"b":"text"},{"a":{"key":1,"k2":2},"b":"more"}])");
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(json_of(list, whole.substr(0, size)), "malformed") << size;
  }
}

TEST(Json, DamagedCellsAreRefusedOrStillMakeJson) {
  const auto [type, whole] = cell_to_damage();
  ASSERT_TRUE(nlohmann::json::accept(json_of(type, whole)));
  int accepted = 0;
  for (const std::string& damaged : damaged_copies(whole, 20'000)) {
    const std::string json = json_of(type, damaged);
    if (json == "malformed" || json == "unrepresentable" || json == "null cell") continue;
    ++accepted;
    EXPECT_TRUE(nlohmann::json::accept(json)) << json;
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 20'000);
}

TEST(Json, KeysThatShareTheirTextWithAnotherAreUnrepresentable) {
  const auto key_json = [](TypeKind kind, const std::string& element) {
    return json_of(typed(TypeKind::kList, {typed(kind)}), collection_of({element}), kPartitionKey);
  };
  EXPECT_EQ(key_json(TypeKind::kDouble, wire(-0.0)), "[-0.0]");
  EXPECT_EQ(key_json(TypeKind::kDouble, from_hex("7ff8000000000000")), R"(["NaN"])");
  EXPECT_EQ(key_json(TypeKind::kDouble, from_hex("7ff8000000000001")), "unrepresentable");
  EXPECT_EQ(key_json(TypeKind::kFloat, from_hex("ffc00000")), "unrepresentable");
  EXPECT_EQ(key_json(TypeKind::kBoolean, from_hex("02")), "unrepresentable");
  EXPECT_EQ(key_json(TypeKind::kVarint, from_hex("0001")), "unrepresentable");
  EXPECT_EQ(key_json(TypeKind::kInt, ""), "unrepresentable");
  EXPECT_EQ(key_json(TypeKind::kText, ""), R"([""])");
  EXPECT_EQ(key_json(TypeKind::kDecimal, wire(int32_t{-3}) + from_hex("01")), R"(["1E+3"])");
  EXPECT_EQ(key_json(TypeKind::kDecimal, wire(int32_t{0}) + from_hex("03e8")), R"(["1000"])");
}

}  // namespace
}  // namespace ringsync
