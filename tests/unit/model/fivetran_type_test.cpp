#include "model/fivetran_type.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace ringsync {
namespace {

CqlType type_of(TypeKind kind, std::vector<CqlType> children = {}) {
  CqlType type;
  type.kind = kind;
  type.children = std::move(children);
  return type;
}

std::string name_of(const CqlType& type, TypeMapping mapping, bool is_key = false,
                    std::optional<DecimalSize> size = std::nullopt) {
  const auto mapped = fivetran_type(type, mapping, is_key, size);
  return mapped ? to_string(*mapped) : "none";
}

struct Row {
  TypeKind kind;
  const char* compatible;
  const char* lossless;
  const char* compatible_key;
  const char* lossless_key;
};

// Every scalar type, in the order of the table of docs/types.md.
const std::vector<Row> kTable{
    {TypeKind::kAscii, "STRING", "STRING", "STRING", "STRING"},
    {TypeKind::kText, "STRING", "STRING", "STRING", "STRING"},
    {TypeKind::kTinyint, "INT", "INT", "INT", "INT"},
    {TypeKind::kSmallint, "INT", "INT", "INT", "INT"},
    {TypeKind::kInt, "INT", "INT", "INT", "INT"},
    {TypeKind::kBigint, "LONG", "LONG", "LONG", "LONG"},
    {TypeKind::kCounter, "LONG", "LONG", "LONG", "LONG"},
    {TypeKind::kVarint, "LONG", "STRING", "LONG", "STRING"},
    {TypeKind::kFloat, "FLOAT", "FLOAT", "FLOAT", "FLOAT"},
    {TypeKind::kDouble, "DOUBLE", "DOUBLE", "DOUBLE", "DOUBLE"},
    {TypeKind::kDecimal, "DOUBLE", "STRING", "STRING", "STRING"},
    {TypeKind::kBoolean, "BOOLEAN", "BOOLEAN", "BOOLEAN", "BOOLEAN"},
    {TypeKind::kTimestamp, "UTC_DATETIME", "UTC_DATETIME", "UTC_DATETIME", "UTC_DATETIME"},
    {TypeKind::kDate, "NAIVE_DATE", "NAIVE_DATE", "NAIVE_DATE", "NAIVE_DATE"},
    {TypeKind::kTime, "STRING", "STRING", "STRING", "STRING"},
    {TypeKind::kUuid, "STRING", "STRING", "STRING", "STRING"},
    {TypeKind::kTimeuuid, "STRING", "STRING", "STRING", "STRING"},
    {TypeKind::kInet, "STRING", "STRING", "STRING", "STRING"},
    {TypeKind::kDuration, "STRING", "STRING", "STRING", "STRING"},
    {TypeKind::kBlob, "STRING", "BINARY", "STRING", "BINARY"},
};

TEST(FivetranType, EveryScalarTypeHasOneInBothMappings) {
  for (const Row& row : kTable) {
    const CqlType type = type_of(row.kind);
    EXPECT_EQ(name_of(type, TypeMapping::kCompatible), row.compatible) << to_string(type);
    EXPECT_EQ(name_of(type, TypeMapping::kLossless), row.lossless) << to_string(type);
    EXPECT_EQ(name_of(type, TypeMapping::kCompatible, true), row.compatible_key) << to_string(type);
    EXPECT_EQ(name_of(type, TypeMapping::kLossless, true), row.lossless_key) << to_string(type);
  }
  for (int kind = 0; is_scalar(static_cast<TypeKind>(kind)); ++kind) {
    const auto rows = std::count_if(kTable.begin(), kTable.end(), [kind](const Row& row) {
      return row.kind == static_cast<TypeKind>(kind);
    });
    EXPECT_EQ(rows, 1) << to_string(type_of(static_cast<TypeKind>(kind)));
  }
}

// "Data type mapping" of the original example, word by word; varchar is text's other name.
TEST(FivetranType, CompatibleIsTheTableOfTheOriginalExample) {
  const std::map<std::string, std::vector<TypeKind>> kExample{
      {"STRING",
       {TypeKind::kText, TypeKind::kAscii, TypeKind::kUuid, TypeKind::kTimeuuid, TypeKind::kBlob}},
      {"INT", {TypeKind::kInt, TypeKind::kSmallint, TypeKind::kTinyint}},
      {"LONG", {TypeKind::kBigint, TypeKind::kVarint}},
      {"FLOAT", {TypeKind::kFloat}},
      {"DOUBLE", {TypeKind::kDouble, TypeKind::kDecimal}},
      {"BOOLEAN", {TypeKind::kBoolean}},
      {"UTC_DATETIME", {TypeKind::kTimestamp}},
      {"NAIVE_DATE", {TypeKind::kDate}},
  };
  for (const auto& [name, kinds] : kExample) {
    for (const TypeKind kind : kinds) {
      EXPECT_EQ(name_of(type_of(kind), TypeMapping::kCompatible), name) << to_string(type_of(kind));
    }
  }
}

TEST(FivetranType, NestedTypesAreJsonAndAsKeysTheTextOfIt) {
  const CqlType text = type_of(TypeKind::kText);
  const std::vector<CqlType> nested{
      type_of(TypeKind::kList, {text}),      type_of(TypeKind::kSet, {text}),
      type_of(TypeKind::kMap, {text, text}), type_of(TypeKind::kTuple, {text, text}),
      type_of(TypeKind::kUdt, {text}),       type_of(TypeKind::kVector, {text}),
  };
  for (const CqlType& type : nested) {
    for (const TypeMapping mapping : {TypeMapping::kCompatible, TypeMapping::kLossless}) {
      EXPECT_EQ(name_of(type, mapping), "JSON");
      EXPECT_EQ(name_of(type, mapping, true), "STRING");
    }
  }
}

TEST(FivetranType, ADecimalSizeWinsForDecimalAndVarintAlone) {
  const DecimalSize size{10, 2};
  for (const TypeMapping mapping : {TypeMapping::kCompatible, TypeMapping::kLossless}) {
    EXPECT_EQ(name_of(type_of(TypeKind::kDecimal), mapping, false, size), "DECIMAL(10,2)");
    EXPECT_EQ(name_of(type_of(TypeKind::kVarint), mapping, true, DecimalSize{20, 0}),
              "DECIMAL(20,0)");
    EXPECT_EQ(name_of(type_of(TypeKind::kDouble), mapping, false, size), "DOUBLE");
  }
}

TEST(FivetranType, TypesThatNobodyKnowsHaveNone) {
  EXPECT_EQ(name_of(type_of(TypeKind::kCustom), TypeMapping::kCompatible), "none");
  EXPECT_EQ(name_of(type_of(TypeKind::kList, {type_of(TypeKind::kCustom)}), TypeMapping::kLossless),
            "none");
}

}  // namespace
}  // namespace ringsync
