// Nested types through encoder, ADBC and DuckDB, in both forms.
#include <gmock/gmock.h>

#include "../cql/nested_bytes.h"
#include "duckdb_fixture.h"

namespace ringsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const CqlType kInt = typed(TypeKind::kInt);
const CqlType kText = typed(TypeKind::kText);

class DuckDbNested : public DuckDbTest {
 protected:
  /// A plan for ks.t of an int key `id` and a column `value` of the type.
  static TablePlan plan_for(CqlType type) {
    TablePlan plan = plan_of("t", {{"id", TypeKind::kInt}, {"value", TypeKind::kInt}});
    plan.table.columns[1].type = std::move(type);
    return plan;
  }

  /// Writes the cells under the ids 0, 1, …, in slices of two rows.
  void write(const CqlType& type, const std::vector<MaybeBytes>& cells) {
    const TablePlan plan = plan_for(type);
    PageBuilder page(2);
    for (size_t i = 0; i < cells.size(); ++i) {
      page.number(static_cast<int32_t>(i));
      if (cells[i]) {
        page.bytes(*cells[i]);
      } else {
        page.null();
      }
    }
    auto sink = open_sink();
    must(sink->open_table(plan));
    const auto encoded = encode_page(*sink, plan, page);
    // Slices that do not follow each other stay apart on their way to DuckDB.
    for (uint32_t first = 2; first < page.row_count(); first += 2) {
      must(sink->deliver(plan, encoded, {first, std::min(2U, page.row_count() - first), false}));
    }
    must(sink->deliver(plan, encoded, {0, 2, false}));
    commit(*sink);
  }

  std::string column_type() const {
    return rows("SELECT data_type FROM duckdb_columns() WHERE column_name = 'value'")[0];
  }
  std::vector<std::string> values(const std::string& expression = "value::VARCHAR") const {
    return rows("SELECT " + expression + " FROM ks.ks.t ORDER BY id");
  }
};

TEST_F(DuckDbNested, JsonColumnsHoldTheTextAndAnswerQueriesOfIt) {
  write(typed(TypeKind::kMap, {kText, typed(TypeKind::kList, {kInt})}),
        {collection_of({"a", collection_of({wire(int32_t{1}), wire(int32_t{2})})}, 2), std::nullopt,
         collection_of({}, 2)});
  EXPECT_EQ(column_type(), "JSON");
  EXPECT_THAT(values(), ElementsAre(R"({"a":[1,2]})", "~", "{}"));
  EXPECT_THAT(values("(value->'a'->>1)::VARCHAR"), ElementsAre("2", "~", "~"));
}

TEST_F(DuckDbNested, NativeListsSetsAndMapsAreDuckDbsOwn) {
  options_.encoding.nested = NestedForm::kNative;
  write(
      typed(TypeKind::kMap, {kText, typed(TypeKind::kList, {kInt})}),
      {collection_of({"a", collection_of({wire(int32_t{1}), std::nullopt}), "b", std::nullopt}, 2),
       std::nullopt, collection_of({}, 2),
       collection_of({"c", collection_of({}), "d", collection_of({wire(int32_t{7})})}, 2),
       collection_of({"e", collection_of({wire(int32_t{9})})}, 2)});
  EXPECT_EQ(column_type(), "MAP(VARCHAR, INTEGER[])");
  EXPECT_THAT(values(),
              ElementsAre("{a=[1, NULL], b=NULL}", "~", "{}", "{c=[], d=[7]}", "{e=[9]}"));
}

TEST_F(DuckDbNested, NativeStructsHaveTheFieldsOfTheirTypeWhateverTheirNames) {
  options_.encoding.nested = NestedForm::kNative;
  const CqlType thing =
      udt_of({"a", "B \"q\"", "select"}, {kInt, kText, typed(TypeKind::kBoolean)});
  write(typed(TypeKind::kTuple, {thing, kInt}),
        {fields_of({fields_of({wire(int32_t{1}), "x", from_hex("01")}), wire(int32_t{2})}),
         fields_of({fields_of({wire(int32_t{3})}), std::nullopt}),  // trailing fields are missing
         std::nullopt, fields_of({std::nullopt, wire(int32_t{4})}),
         fields_of({fields_of({std::nullopt, "y", from_hex("00")}), wire(int32_t{5})})});
  EXPECT_EQ(column_type(),
            R"(STRUCT(field_0 STRUCT(a INTEGER, "B ""q""" VARCHAR, "select" BOOLEAN), )"
            "field_1 INTEGER)");
  EXPECT_THAT(
      values(R"(value.field_0.a::VARCHAR || ':' || coalesce(value.field_0."B ""q""", '-'))"),
      ElementsAre("1:x", "3:-", "~", "~", "~"));
  EXPECT_THAT(values("value.field_1::VARCHAR"), ElementsAre("2", "~", "~", "4", "5"));
  EXPECT_THAT(values(R"(value.field_0."select"::VARCHAR)"),
              ElementsAre("true", "~", "~", "~", "false"));
}

TEST_F(DuckDbNested, NativeColumnsAreFoundAgainByTheNextSync) {
  options_.encoding.nested = NestedForm::kNative;
  const CqlType thing =
      udt_of({"a", "Label", "label_2", "select", "B \"q\"", "b c", "ü", "\"", "1a"},
             std::vector<CqlType>(9, kInt));
  const CqlType type = typed(TypeKind::kMap, {kInt, typed(TypeKind::kTuple, {thing, kText})});
  for (const char* text : {"first", "second"}) {
    const std::string fields = fields_of({fields_of({wire(int32_t{1})}), text});
    write(type, {collection_of({wire(int32_t{1}), fields}, 2), std::nullopt});
  }
  EXPECT_THAT(values("value[1].field_1"), ElementsAre("second", "~"));
  // A field of another name is another type.
  const CqlType other =
      typed(TypeKind::kMap, {kInt, udt_of({"field_0", "field_2"}, {thing, kText})});
  EXPECT_FALSE(open_sink()->open_table(plan_for(other)).ok());
}

TEST_F(DuckDbNested, NativeVectorsAreArraysAlsoBesideNulls) {
  options_.encoding.nested = NestedForm::kNative;
  const auto vector = [](float first) { return wire(first) + wire(-first); };
  write(vector_of(typed(TypeKind::kFloat), 2),
        {vector(1.5F), std::nullopt, vector(2.5F), vector(3.5F), std::nullopt, vector(4.5F)});
  EXPECT_EQ(column_type(), "FLOAT[2]");
  EXPECT_THAT(values(),
              ElementsAre("[1.5, -1.5]", "~", "[2.5, -2.5]", "[3.5, -3.5]", "~", "[4.5, -4.5]"));
}

// DuckDB reads a batch in vectors of 2,048 rows, and a page may be delivered in slices: rows of
// deep types must be found at any depth wherever a slice begins.
TEST_F(DuckDbNested, DeepRowsOfLongPagesAreFoundInEverySlice) {
  options_.encoding.nested = NestedForm::kNative;
  constexpr int32_t kRows = 6000;
  const CqlType flag = typed(TypeKind::kBoolean);
  const CqlType pair = typed(TypeKind::kTuple, {flag, kInt});
  const CqlType inner = typed(
      TypeKind::kTuple,
      {pair, vector_of(pair, 2), typed(TypeKind::kList, {typed(TypeKind::kTuple, {pair, kText})})});
  const CqlType type =
      typed(TypeKind::kTuple, {typed(TypeKind::kTuple, {inner, vector_of(kInt, 2)}),
                               typed(TypeKind::kMap, {kInt, typed(TypeKind::kTuple, {pair})})});
  PageBuilder page(2);
  for (int32_t i = 0; i < kRows; ++i) {
    const MaybeBytes number = i % 3 == 0 ? MaybeBytes() : wire(i);
    const MaybeBytes bit = i % 5 == 0 ? MaybeBytes() : from_hex(i % 2 == 0 ? "00" : "01");
    const std::string both = fields_of({bit, number});
    const auto length = static_cast<char>(both.size());
    const std::string vector = length + both + length + both;
    const MaybeBytes deep = i % 7 == 0
                                ? MaybeBytes()
                                : fields_of({both, vector,
                                             collection_of({fields_of({both, std::to_string(i)}),
                                                            fields_of({both, std::nullopt})})});
    page.number(i).bytes(fields_of(
        {fields_of({deep, wire(i) + wire(-i)}), collection_of({wire(i), fields_of({both})}, 2)}));
  }
  const TablePlan plan = plan_for(type);
  {
    auto sink = open_sink();
    must(sink->open_table(plan));
    const auto encoded = encode_page(*sink, plan, page);
    // In an order in which none follows another.
    for (const auto& [first, count] :
         std::vector<std::pair<uint32_t, uint32_t>>{{3005, 2995}, {7, 2998}, {0, 7}}) {
      must(sink->deliver(plan, encoded, {first, count, false}));
    }
    commit(*sink);
  }
  const std::string number = "CASE WHEN id % 3 = 0 THEN NULL ELSE id END";
  const std::string bit = "CASE WHEN id % 5 = 0 THEN NULL ELSE id % 2 = 1 END";
  const std::string both = "{field_0: " + bit + ", field_1: " + number + "}";
  const std::string deep = "CASE WHEN id % 7 = 0 THEN NULL ELSE {field_0: " + both +
                           ", field_1: [" + both + ", " + both + "], field_2: [{field_0: " + both +
                           ", field_1: id::VARCHAR}, {field_0: " + both + ", field_1: NULL}]} END";
  const std::string wanted = "{field_0: {field_0: " + deep +
                             ", field_1: [id, -id]}, field_1: " + "MAP {id: {field_0: " + both +
                             "}}}";
  EXPECT_THAT(rows("SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR, "
                   "count(*) FILTER (to_json(value)::VARCHAR IS DISTINCT FROM to_json(" +
                   wanted + ")::VARCHAR)::VARCHAR FROM ks.ks.t"),
              ElementsAre("6000|6000|0"));
}

TEST_F(DuckDbNested, NativeListsHoldEveryScalarType) {
  options_.encoding.nested = NestedForm::kNative;
  const std::vector<std::tuple<TypeKind, std::string, std::string>> cases{
      {TypeKind::kTinyint, wire(int8_t{-1}), "[-1]"},
      {TypeKind::kSmallint, wire(int16_t{-2}), "[-2]"},
      {TypeKind::kBigint, wire(INT64_MIN), "[-9223372036854775808]"},
      {TypeKind::kVarint, from_hex("0080"), "[128]"},
      {TypeKind::kDecimal, wire(int32_t{2}) + from_hex("64"), "[1.00]"},
      {TypeKind::kDouble, wire(0.5), "[0.5]"},
      {TypeKind::kBoolean, from_hex("01"), "[true]"},
      {TypeKind::kTimestamp, wire(int64_t{0}), "['1970-01-01 00:00:00+00']"},
      {TypeKind::kDate, from_hex("80000000"), "[1970-01-01]"},
      {TypeKind::kTime, wire(int64_t{1}), "['00:00:00.000000001']"},
      {TypeKind::kUuid, std::string(16, '\0'), "[00000000-0000-0000-0000-000000000000]"},
      {TypeKind::kInet, from_hex("7f000001"), "[127.0.0.1]"},
      {TypeKind::kDuration, from_hex("020406"), "[P1M2DT0.000000003S]"},
      {TypeKind::kBlob, from_hex("00ff"), R"([\x00\xFF])"},
      {TypeKind::kAscii, "a", "[a]"},
  };
  TablePlan plan = plan_of("t", {{"id", TypeKind::kInt}});
  PageBuilder page(static_cast<uint16_t>(cases.size() + 1));
  page.number(int32_t{0});
  std::string shown;
  std::string wanted;
  for (const auto& [kind, bytes, text] : cases) {
    const std::string name = to_string(typed(kind));
    plan.table.columns.push_back(
        {name, typed(TypeKind::kList, {typed(kind)}), ColumnKind::kRegular});
    page.bytes(collection_of({bytes}));
    shown += (shown.empty() ? "" : ", ") + quoted(name) + "::VARCHAR";
    wanted += (wanted.empty() ? "" : "|") + text;
  }
  auto sink = open_sink();
  must(sink->open_table(plan));
  deliver_page(*sink, plan, page);
  commit(*sink);
  sink.reset();
  EXPECT_THAT(rows("SELECT " + shown + " FROM ks.ks.t"), ElementsAre(wanted));
}

TEST_F(DuckDbNested, OneUnrepresentableElementMakesTheWholeCellNull) {
  options_.encoding.nested = NestedForm::kNative;
  options_.encoding.on_unrepresentable = OnUnrepresentable::kNull;
  const CqlType type =
      typed(TypeKind::kList, {typed(TypeKind::kTuple, {kText, typed(TypeKind::kTimestamp)})});
  const std::string good = fields_of({"in time", wire(int64_t{0})});
  const std::string bad = fields_of({"too late", wire(INT64_MAX)});
  const TablePlan plan = plan_for(type);
  PageBuilder page(2);
  page.number(int32_t{0}).bytes(collection_of({good}));
  page.number(int32_t{1}).bytes(collection_of({good, bad}));
  page.number(int32_t{2}).bytes(collection_of({good, good}));
  {
    auto sink = open_sink();
    must(sink->open_table(plan));
    const auto encoded = encode_page(*sink, plan, page);
    ASSERT_EQ(encoded->nulled().size(), 1U);
    EXPECT_EQ(encoded->nulled()[0].count, 1U);
    must(sink->deliver(plan, encoded, {0, 3, false}));
    commit(*sink);
  }
  EXPECT_THAT(values("len(value)::VARCHAR"), ElementsAre("1", "~", "2"));
  EXPECT_THAT(values("value[-1].field_0"), ElementsAre("in time", "~", "in time"));
}

TEST_F(DuckDbNested, FieldsThatAreOneNameInAStructFailTheirTableWithTheWayOut) {
  options_.encoding.nested = NestedForm::kNative;
  auto sink = open_sink();
  const auto opened = sink->open_table(plan_for(udt_of({"zip", "ZIP"}, {kInt, kInt})));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kNameCollision);
  EXPECT_THAT(opened.error().message, HasSubstr(R"(fields "zip" and "ZIP")"));
  EXPECT_THAT(opened.error().message, HasSubstr("nested_types=json"));
}

TEST_F(DuckDbNested, AFieldWithU0000InItsNameFailsItsTableWithTheWayOut) {
  options_.encoding.nested = NestedForm::kNative;
  auto sink = open_sink();
  const auto opened = sink->open_table(plan_for(udt_of({std::string("zi\0p", 4)}, {kInt})));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kNameCollision);
  EXPECT_THAT(opened.error().message, HasSubstr(R"(begins with "zi")"));
  EXPECT_THAT(opened.error().message, HasSubstr("nested_types=json"));
}

TEST_F(DuckDbNested, KeysOfMapsThatDuckDbTakesForOneAreUnrepresentable) {
  options_.encoding.nested = NestedForm::kNative;
  const TablePlan plan = plan_for(typed(TypeKind::kMap, {typed(TypeKind::kDouble), kInt}));
  auto sink = open_sink();
  must(sink->open_table(plan));
  PageBuilder page(2);
  page.number(int32_t{0})
      .bytes(collection_of({wire(-0.0), wire(int32_t{1}), wire(0.0), wire(int32_t{2})}, 2));
  uint32_t failed_row = 99;
  const auto encoded = must(sink->encoder(plan))->encode(page.view(), failed_row);
  ASSERT_FALSE(encoded.ok());
  EXPECT_EQ(encoded.error().code, ErrorCode::kUnrepresentable);
  EXPECT_THAT(encoded.error().message, HasSubstr("on_unrepresentable=null"));
}

TEST_F(DuckDbNested, KeyColumnsAreJsonInEitherFormAndTellTheirRowsApart) {
  options_.encoding.nested = NestedForm::kNative;
  TablePlan plan = plan_of("t", {{"id", TypeKind::kInt}, {"value", TypeKind::kInt}}, 2);
  plan.table.columns[1].type = typed(TypeKind::kTuple, {kInt, kText});
  PageBuilder page(2);
  for (const std::string& key :
       {fields_of({wire(int32_t{1}), "x"}), fields_of({wire(int32_t{1}), std::nullopt}),
        fields_of({wire(int32_t{1})}), fields_of({std::nullopt, "1"}),
        fields_of({wire(int32_t{1}), "x"})}) {
    page.number(int32_t{0}).bytes(key);
  }
  {
    auto sink = open_sink();
    must(sink->open_table(plan));
    deliver_page(*sink, plan, page, true);
    commit(*sink);
  }
  EXPECT_EQ(column_type(), "JSON");
  EXPECT_THAT(rows("SELECT value::VARCHAR FROM ks.ks.t ORDER BY 1"),
              ElementsAre("[1,\"x\"]", "[1,null]", "[1]", "[null,\"1\"]"));
}

TEST_F(DuckDbNested, DecimalsBecomeFixedPointNumbersWhereTheUserSaysSo) {
  options_.encoding.decimal_size = [](const std::string& table, const std::string& column) {
    EXPECT_EQ(table, "t");
    return column == "value" ? std::optional(DecimalSize{20, 3}) : std::nullopt;
  };
  const auto decimal = [](int32_t scale, std::string_view unscaled) {
    return wire(scale) + from_hex(unscaled);
  };
  write(typed(TypeKind::kDecimal),
        {decimal(2, "64"), std::nullopt, decimal(0, "ff"), decimal(-3, "01"), decimal(3, "00")});
  EXPECT_EQ(column_type(), "DECIMAL(20,3)");
  EXPECT_THAT(values(), ElementsAre("1.000", "~", "-1.000", "1000.000", "0.000"));
}

}  // namespace
}  // namespace ringsync
