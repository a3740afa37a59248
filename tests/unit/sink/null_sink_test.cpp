#include "sink/null/null_sink.h"

#include <gtest/gtest.h>

#include "../cql/page_builder.h"

namespace ringsync {
namespace {

TablePlan two_column_plan(TypeKind second) {
  TablePlan plan;
  plan.table.keyspace = "ks";
  plan.table.name = "t";
  plan.table.columns.resize(2);
  plan.table.columns[0].name = "id";
  plan.table.columns[0].type.kind = TypeKind::kInt;
  plan.table.columns[1].name = "value";
  plan.table.columns[1].type.kind = second;
  return plan;
}

uint64_t checksum_of(const TablePlan& plan, PageBuilder& page) {
  NullSink sink;
  EXPECT_TRUE(sink.open_table(plan).ok());
  auto encoder = sink.encoder(plan);
  uint32_t failed_row = 0;
  auto encoded = (*encoder)->encode(page.view(), failed_row);
  EXPECT_TRUE(encoded.ok());
  const std::shared_ptr<const EncodedPage> shared = std::move(*encoded);
  EXPECT_TRUE(sink.deliver(plan, shared, {0, 1, false}).ok());
  EXPECT_TRUE(sink.deliver(plan, shared, {1, page.row_count() - 1, false}).ok());
  EXPECT_EQ(sink.row_count(), page.row_count());
  return sink.checksum();
}

TEST(NullSink, ChecksumDependsOnEveryCellAndRowsAreCounted) {
  const TablePlan plan = two_column_plan(TypeKind::kText);
  PageBuilder page(2);
  page.number(int32_t{1}).bytes("a").number(int32_t{2}).null();
  PageBuilder other_text(2);
  other_text.number(int32_t{1}).bytes("b").number(int32_t{2}).null();
  PageBuilder empty_for_null(2);
  empty_for_null.number(int32_t{1}).bytes("a").number(int32_t{2}).bytes("");
  EXPECT_EQ(checksum_of(plan, page), checksum_of(plan, page));
  EXPECT_NE(checksum_of(plan, page), checksum_of(plan, other_text));
  EXPECT_NE(checksum_of(plan, page), checksum_of(plan, empty_for_null));
}

TEST(NullSink, MalformedCellsFailWithTableColumnAndRow) {
  const TablePlan plan = two_column_plan(TypeKind::kDecimal);
  NullSink sink;
  PageBuilder page(2);
  page.number(int32_t{1}).null().number(int32_t{2}).bytes("abc");
  uint32_t failed_row = 0;
  const auto encoded = (*sink.encoder(plan))->encode(page.view(), failed_row);
  ASSERT_FALSE(encoded.ok());
  EXPECT_EQ(encoded.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(failed_row, 1U);
  EXPECT_NE(encoded.error().message.find(R"("ks"."t", column "value")"), std::string::npos);
}

TEST(NullSink, TypesWithoutDecoderFailBeforeAnyRow) {
  NullSink sink;
  const auto opened = sink.open_table(two_column_plan(TypeKind::kCustom));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupportedType);
}

TEST(NullSink, HasNoStateAndTakesEveryCheckpoint) {
  NullSink sink;
  EXPECT_FALSE(sink.load_state().value().has_value());
  EXPECT_TRUE(sink.checkpoint({}, CheckpointUrgency::kRoutine).value());
}

}  // namespace
}  // namespace ringsync
