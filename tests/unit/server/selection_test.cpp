#include "server/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringsync {
namespace {

namespace wire = fivetran_sdk::v2;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Table orders() {
  Table table{"shop", "orders", "id-1", {}, 1, 1};
  table.columns = {{"id", {TypeKind::kBigint, {}, "", {}, 0}, ColumnKind::kPartitionKey},
                   {"note", {TypeKind::kText, {}, "", {}, 0}, ColumnKind::kRegular},
                   {"Zone", {TypeKind::kText, {}, "", {}, 0}, ColumnKind::kRegular}};
  return table;
}

wire::TableSelection& add_table(wire::UpdateRequest& request, const std::string& name,
                                bool included) {
  auto& table = *request.mutable_selection()->mutable_without_schema()->add_tables();
  table.set_table_name(name);
  table.set_included(included);
  return table;
}

RequestSelection read(const wire::UpdateRequest& request) {
  return *RequestSelection::read(request);
}

TEST(Selection, WithoutOneEverythingIsSelected) {
  const RequestSelection selection = read({});
  EXPECT_THAT(selection.tables({"a", "b"}), ElementsAre("a", "b"));
  EXPECT_THAT(selection.left_out(orders()), IsEmpty());
  EXPECT_THAT(selection.missing({"a"}), IsEmpty());
}

TEST(Selection, TablesItDoesNotKnowAreSelectedWhereItIncludesNewOnes) {
  wire::UpdateRequest request;
  add_table(request, "a", true);
  add_table(request, "b", false);
  EXPECT_THAT(read(request).tables({"a", "b", "c"}), ElementsAre("a"));
  request.mutable_selection()->mutable_without_schema()->set_include_new_tables(true);
  EXPECT_THAT(read(request).tables({"a", "b", "c"}), ElementsAre("a", "c"));
}

TEST(Selection, ColumnsItDoesNotKnowAreSelectedWhereItIncludesNewOnes) {
  wire::UpdateRequest request;
  auto& table = add_table(request, "orders", true);
  (*table.mutable_columns())["id"] = true;
  (*table.mutable_columns())["note"] = true;
  EXPECT_THAT(read(request).left_out(orders()), ElementsAre("Zone"));
  table.set_include_new_columns(true);
  EXPECT_THAT(read(request).left_out(orders()), IsEmpty());
  (*table.mutable_columns())["note"] = false;
  EXPECT_THAT(read(request).left_out(orders()), ElementsAre("note"));
}

TEST(Selection, ATableOfWhichItNamesNoColumnIsSelectedWhole) {
  wire::UpdateRequest request;
  add_table(request, "orders", true);
  EXPECT_THAT(read(request).left_out(orders()), IsEmpty());
}

TEST(Selection, AKeyIsNeverLeftOut) {
  wire::UpdateRequest request;
  auto& table = add_table(request, "orders", true);
  (*table.mutable_columns())["note"] = true;
  EXPECT_THAT(read(request).left_out(orders()), ElementsAre("Zone"));
  EXPECT_THAT(read(request).deselected_keys(orders()), IsEmpty());
  (*table.mutable_columns())["id"] = false;
  EXPECT_THAT(read(request).left_out(orders()), ElementsAre("Zone"));
  EXPECT_THAT(read(request).deselected_keys(orders()), ElementsAre("id"));
}

TEST(Selection, NamesMayBeAsFivetranWritesThem) {
  wire::UpdateRequest request;
  auto& table = add_table(request, "order_lines", true);
  (*table.mutable_columns())["zone"] = false;
  table.set_include_new_columns(true);
  Table lines = orders();
  lines.name = "Order Lines";
  EXPECT_THAT(read(request).tables({"Order Lines", "x"}), ElementsAre("Order Lines"));
  EXPECT_THAT(read(request).left_out(lines), ElementsAre("Zone"));
  EXPECT_THAT(read(request).missing({"Order Lines"}), IsEmpty());
}

TEST(Selection, WhatIsSelectedButGoneIsNamed) {
  wire::UpdateRequest request;
  auto& table = add_table(request, "orders", true);
  (*table.mutable_columns())["old"] = true;
  (*table.mutable_columns())["older"] = false;
  add_table(request, "gone", true);
  add_table(request, "deselected", false);
  EXPECT_THAT(read(request).missing({"orders"}), ElementsAre("gone"));
  EXPECT_THAT(read(request).missing_columns(orders()), ElementsAre("old"));
}

TEST(Selection, TablesInSchemasAreRefused) {
  wire::UpdateRequest request;
  request.mutable_selection()->mutable_with_schema()->add_schemas()->set_schema_name("shop");
  const auto selection = RequestSelection::read(request);
  ASSERT_FALSE(selection.ok());
  EXPECT_EQ(selection.error().code, ErrorCode::kSelection);
}

}  // namespace
}  // namespace ringsync
