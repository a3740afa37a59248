// Nested types in Arrow's own form where cells are malformed, cut or damaged: the same cells, and
// the same outcomes, as for JSON.
#include "sink/arrow/nested_builder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "../cql/damaged_cells.h"
#include "arrow_problem.h"
#include "cql/json_text.h"
#include "sink/arrow/arrow_mapping.h"

namespace ringsync {
namespace {

ArrowType native_type(const CqlType& type) {
  Table table{"ks", "t", "", {{"value", type, ColumnKind::kRegular}}, 0, 0};
  ArrowEncoding encoding;
  encoding.nested = NestedForm::kNative;
  return arrow_types(table, encoding).value().at(0);
}

Decoded native_outcome(const CqlType& type, const std::string& bytes) {
  NestedBuilder builder(type, native_type(type), {});
  return builder.append(cell_of(bytes));
}

Decoded json_outcome(const CqlType& type, const std::string& bytes) {
  std::string out;
  return JsonWriter(type, {}).append(cell_of(bytes), out);
}

bool same_bytes(const ColumnBuffer& a, const ColumnBuffer& b) {
  return a.size() == b.size() && (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

bool same(const ArrowColumn& a, const ArrowColumn& b) {
  if (a.length != b.length || a.null_count != b.null_count || !same_bytes(a.validity, b.validity) ||
      !same_bytes(a.values, b.values) || !same_bytes(a.data, b.data) ||
      a.children.size() != b.children.size()) {
    return false;
  }
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!same(a.children[i], b.children[i])) return false;
  }
  return true;
}

/// As the encoder of a column does: what has no value becomes a null.
ArrowColumn column_of(const CqlType& type, const std::vector<MaybeBytes>& cells) {
  NestedBuilder builder(type, native_type(type), {});
  for (size_t row = 0; row < cells.size(); ++row) {
    const CellView cell = cells[row] ? cell_of(*cells[row]) : CellView();
    if (builder.append(cell) == Decoded::kValue) continue;
    builder.truncate(row);
    builder.append_nulls(1);
  }
  return std::move(builder).finish();
}

std::string problem_of(const CqlType& type, ArrowColumn column) {
  const auto rows = static_cast<uint32_t>(column.length);
  std::vector<ArrowColumn> columns;
  columns.push_back(std::move(column));
  return arrow_problem({{"value", native_type(type)}},
                       std::make_shared<const ArrowPage>(rows, std::move(columns)));
}

TEST(NestedBuilder, CountsLengthsAndSizesThatDoNotFitTheCellAreMalformed) {
  for (const auto& [type, bytes] : malformed_cells()) {
    EXPECT_EQ(native_outcome(type, bytes), Decoded::kMalformed) << to_string(type);
  }
}

TEST(NestedBuilder, EveryCutOfANestedCellIsMalformedAndLeavesNothingBehind) {
  const auto [type, whole] = cell_to_cut();
  const ArrowColumn wanted = column_of(type, {whole, std::nullopt, whole});
  EXPECT_EQ(problem_of(type, column_of(type, {whole, std::nullopt, whole})), "");
  for (size_t size = 1; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    EXPECT_EQ(native_outcome(type, cut), Decoded::kMalformed) << size;
    EXPECT_TRUE(same(column_of(type, {whole, cut, whole}), wanted)) << size;
  }
}

TEST(NestedBuilder, DamagedCellsAreRefusedWhereJsonRefusesThemOrMakeAValidColumn) {
  const auto [type, whole] = cell_to_damage();
  const ArrowColumn refused = column_of(type, {whole, std::nullopt, whole});
  int accepted = 0;
  for (const std::string& damaged : damaged_copies(whole, 20'000)) {
    const Decoded outcome = native_outcome(type, damaged);
    ASSERT_EQ(outcome, json_outcome(type, damaged));
    ArrowColumn column = column_of(type, {whole, damaged, whole});
    if (outcome != Decoded::kValue) {
      ASSERT_TRUE(same(column, refused));
      continue;
    }
    ++accepted;
    ASSERT_EQ(column.null_count, 0);
    ASSERT_EQ(problem_of(type, std::move(column)), "");
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 20'000);
}

TEST(NestedBuilder, ATypeOneOfWhoseNullsWouldTakeMegabytesIsJson) {
  const CqlType number = typed(TypeKind::kFloat);
  const CqlType square = vector_of(vector_of(number, 8192), 8192);
  for (const CqlType& native :
       {vector_of(number, 16'000), vector_of(vector_of(number, 128), 128),
        typed(TypeKind::kList, {typed(TypeKind::kTuple, {vector_of(number, 8192), number})})}) {
    EXPECT_NE(native_type(native).kind, ArrowKind::kJson) << to_string(native);
  }
  for (const CqlType& json :
       {square, typed(TypeKind::kList, {square}),
        typed(TypeKind::kTuple, {vector_of(number, 16'000), number, vector_of(number, 16'000)})}) {
    EXPECT_EQ(native_type(json).kind, ArrowKind::kJson) << to_string(json);
  }
}

}  // namespace
}  // namespace ringsync
