// The sink's messages: what is sent when, decoded by the generated classes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../unit/cql/page_builder.h"
#include "recording_stream.h"
#include "sink/fivetran/fivetran_names.h"
#include "sink/fivetran/fivetran_sink.h"

namespace ringsync::testing {
namespace {

using ::testing::HasSubstr;

TablePlan plan_of(const std::string& table, RunKind run = RunKind::kFull) {
  TablePlan plan;
  plan.table.keyspace = "ks";
  plan.table.name = table;
  plan.table.columns = {{"id", {}, ColumnKind::kPartitionKey},
                        {"at", {}, ColumnKind::kRegular},
                        {"price", {}, ColumnKind::kRegular}};
  plan.table.columns[0].type.kind = TypeKind::kInt;
  plan.table.columns[1].type.kind = TypeKind::kTimestamp;
  plan.table.columns[2].type.kind = TypeKind::kDecimal;
  plan.table.partition_key_count = plan.table.primary_key_count = 1;
  plan.run = run;
  return plan;
}

class FivetranSinkTest : public ::testing::Test {
 protected:
  FivetranSinkTest() {
    options_.encoding.decimal_size = [](const std::string&, const std::string&) {
      return std::optional(DecimalSize{10, 2});
    };
    open();
  }

  void open() { sink_ = make_fivetran_sink(options_, stream_); }

  /// `rows` rows with ids from 0 on; the first may have a moment that does not fit.
  std::shared_ptr<const EncodedPage> encoded(const TablePlan& plan, int32_t rows,
                                             int64_t first_ms = 0) {
    PageBuilder page(3);
    for (int32_t id = 0; id < rows; ++id) {
      page.number(id).number(id == 0 ? first_ms : 0).null();
    }
    auto encoder = sink_->encoder(plan);
    EXPECT_TRUE(encoder.ok());
    uint32_t failed_row = 0;
    auto result = (*encoder)->encode(page.view(), failed_row);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(*result);
  }

  Status checkpoint(const std::string& json) {
    const Checkpoint state{1, [&] { return json; }};
    auto durable = sink_->checkpoint(state, CheckpointUrgency::kRoutine);
    if (!durable.ok()) return durable.error();
    EXPECT_TRUE(*durable);
    return {};
  }

  sdk::UpdateResponse message(size_t index) const { return stream_.decoded().at(index); }

  FivetranSinkOptions options_;
  RecordingStream stream_;
  std::unique_ptr<Sink> sink_;
};

TEST_F(FivetranSinkTest, ABlankStateIsTheFirstSync) {
  for (const auto& json :
       {std::optional<std::string>(), std::optional<std::string>(""),
        std::optional<std::string>("{}"), std::optional<std::string>(" { \n}")}) {
    options_.state_json = json;
    open();
    const auto state = sink_->load_state();
    ASSERT_TRUE(state.ok());
    EXPECT_FALSE(state->has_value());
  }
  options_.state_json = R"({"ringsync":1})";
  open();
  EXPECT_EQ((*sink_->load_state())->json, R"({"ringsync":1})");
}

TEST_F(FivetranSinkTest, ATableThatTheStateDoesNotKnowIsAnnounced) {
  ASSERT_TRUE(sink_->open_table(plan_of("t")).ok());
  ASSERT_EQ(stream_.messages().size(), 1U);
  const sdk::UpdateResponse sent = message(0);
  const sdk::TableList& tables = sent.schema_change().without_schema();
  ASSERT_EQ(tables.tables_size(), 1);
  const sdk::Table& table = tables.tables(0);
  EXPECT_EQ(table.name(), "t");
  ASSERT_EQ(table.columns_size(), 3);
  EXPECT_EQ(table.columns(0).name(), "id");
  EXPECT_EQ(table.columns(0).type(), sdk::INT);
  EXPECT_TRUE(table.columns(0).primary_key());
  EXPECT_FALSE(table.columns(0).has_params());
  EXPECT_EQ(table.columns(1).type(), sdk::UTC_DATETIME);
  EXPECT_FALSE(table.columns(1).primary_key());
  EXPECT_EQ(table.columns(2).type(), sdk::DECIMAL);
  EXPECT_EQ(table.columns(2).params().decimal().precision(), 10U);
  EXPECT_EQ(table.columns(2).params().decimal().scale(), 2U);
}

TEST_F(FivetranSinkTest, AKnownTableIsNotAnnouncedAgain) {
  TablePlan plan = plan_of("t");
  plan.columns_are_known = true;
  ASSERT_TRUE(sink_->open_table(plan).ok());
  EXPECT_TRUE(stream_.messages().empty());
}

TEST_F(FivetranSinkTest, OnlyARunThatReadsTheWholeTableTruncates) {
  ASSERT_TRUE(sink_->begin_table(plan_of("t", RunKind::kIncremental)).ok());
  TablePlan past_a_floor = plan_of("t", RunKind::kFirst);
  past_a_floor.cursor_after_ms = 5;
  ASSERT_TRUE(sink_->begin_table(past_a_floor).ok());
  EXPECT_TRUE(stream_.messages().empty());
  ASSERT_TRUE(sink_->begin_table(plan_of("t", RunKind::kFirst)).ok());
  ASSERT_EQ(stream_.messages().size(), 1U);
  EXPECT_EQ(message(0).record().type(), sdk::TRUNCATE);
  EXPECT_EQ(message(0).record().table_name(), "t");
  EXPECT_EQ(message(0).record().data_size(), 0);
}

TEST_F(FivetranSinkTest, ACheckpointComesBehindAllRowsBeforeIt) {
  const TablePlan plan = plan_of("t");
  const auto page = encoded(plan, 150);
  ASSERT_TRUE(sink_->deliver(plan, page, {0, 120}).ok());
  ASSERT_TRUE(checkpoint("{\"a\":\"\xc3\xbc\"}").ok());
  ASSERT_TRUE(sink_->deliver(plan, page, {120, 30}).ok());
  ASSERT_TRUE(checkpoint("{\"b\":1}").ok());
  ASSERT_EQ(stream_.messages().size(), 5U);
  EXPECT_EQ(message(0).records().records_size(), 100);
  EXPECT_EQ(message(1).records().records_size(), 20);
  EXPECT_EQ(message(2).checkpoint().state_json(), "{\"a\":\"\xc3\xbc\"}");
  EXPECT_EQ(message(3).records().records_size(), 30);
  EXPECT_EQ(message(3).records().records(0).data().at("id").int_(), 120);
  EXPECT_EQ(message(4).checkpoint().state_json(), "{\"b\":1}");
}

TEST_F(FivetranSinkTest, ATruncateComesBehindAllRowsBeforeIt) {
  const TablePlan plan = plan_of("t");
  ASSERT_TRUE(sink_->deliver(plan, encoded(plan, 1), {0, 1}).ok());
  ASSERT_TRUE(sink_->begin_table(plan_of("u")).ok());
  ASSERT_EQ(stream_.messages().size(), 2U);
  EXPECT_EQ(message(0).records().records_size(), 1);
  EXPECT_EQ(message(1).record().type(), sdk::TRUNCATE);
}

TEST_F(FivetranSinkTest, ADeleteTakesTheKeyAlone) {
  TablePlan plan = plan_of("t");
  plan.table.primary_key_count = 2;
  plan.table.columns[1].kind = ColumnKind::kClustering;
  RowSlice slice{1, 2};
  slice.operation = Operation::kDelete;
  ASSERT_TRUE(sink_->deliver(plan, encoded(plan, 3), slice).ok());
  ASSERT_TRUE(checkpoint("{}").ok());
  const sdk::UpdateResponse sent = message(0);
  ASSERT_EQ(sent.records().records_size(), 2);
  const sdk::Record& record = sent.records().records(1);
  EXPECT_EQ(record.type(), sdk::DELETE);
  EXPECT_EQ(record.table_name(), "t");
  EXPECT_EQ(record.data_size(), 2);
  EXPECT_EQ(record.data().at("id").int_(), 2);
  EXPECT_TRUE(record.data().at("at").has_utc_datetime());
}

TEST_F(FivetranSinkTest, ValuesThatCannotBeHeldAreNullWhereTheUserSaysSo) {
  options_.encoding.on_unrepresentable = OnUnrepresentable::kNull;
  open();
  const TablePlan plan = plan_of("t");
  ASSERT_TRUE(sink_->deliver(plan, encoded(plan, 2, INT64_MAX), {0, 1}).ok());
  ASSERT_TRUE(checkpoint("{}").ok());
  EXPECT_TRUE(message(0).records().records(0).data().at("at").null());
}

TEST_F(FivetranSinkTest, NamesThatFivetranWouldMakeOneFailTheirTable) {
  TablePlan plan = plan_of("t");
  plan.table.columns[2].name = "AT";
  const auto columns = sink_->open_table(plan);
  ASSERT_FALSE(columns.ok());
  EXPECT_EQ(columns.error().code, ErrorCode::kNameCollision);
  EXPECT_THAT(columns.error().message, HasSubstr("columns \"at\" and \"AT\""));
  ASSERT_TRUE(sink_->open_table(plan_of("userData")).ok());
  const auto table = sink_->open_table(plan_of("user_data"));
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().code, ErrorCode::kNameCollision);
  EXPECT_THAT(table.error().message, HasSubstr("table \"userData\""));
  EXPECT_TRUE(sink_->open_table(plan_of("userData")).ok());
}

TEST_F(FivetranSinkTest, NamesOfFivetransOwnAndNamesThatAreNoTextFailTheirTable) {
  TablePlan plan = plan_of("t");
  plan.table.columns[2].name = "_fivetran_synced";
  EXPECT_EQ(sink_->open_table(plan).error().code, ErrorCode::kNameCollision);
  plan.table.columns[2].name = "\xff";
  EXPECT_EQ(sink_->open_table(plan).error().code, ErrorCode::kSchema);
  EXPECT_EQ(sink_->open_table(plan_of("\xff")).error().code, ErrorCode::kSchema);
}

TEST_F(FivetranSinkTest, ACallThatIsOverEndsEverything) {
  RecordingStream over(0);
  sink_ = make_fivetran_sink(options_, over);
  const TablePlan plan = plan_of("t");
  EXPECT_EQ(sink_->open_table(plan).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(sink_->begin_table(plan).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(sink_->deliver(plan, encoded(plan, 100), {0, 100}).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(checkpoint("{}").error().code, ErrorCode::kCancelled);
}

TEST(FivetranName, IsWhatFivetransDocumentationSays) {
  const auto column = [](std::string_view name) { return fivetran_name(name, NameOf::kColumn); };
  EXPECT_EQ(column("updated_at"), "updated_at");
  EXPECT_EQ(column("updatedAt"), "updated_at");
  EXPECT_EQ(column("URL"), "url");
  EXPECT_EQ(column("a  b--c"), "a_b_c");
  EXPECT_EQ(column("a__b"), "a_b");
  EXPECT_EQ(column("1st"), "_1st");
  EXPECT_EQ(column("_x"), "_x");
  EXPECT_EQ(fivetran_name("_x", NameOf::kTable), "x");
  EXPECT_EQ(fivetran_name("_1", NameOf::kTable), "_1");
}

}  // namespace
}  // namespace ringsync::testing
