#include "sync/preview.h"

#include "engine_fixture.h"
#include "sync/state_codec.h"

namespace ringsync {
namespace {

class Preview : public testing::EngineFixture {
 protected:
  std::vector<TablePreview> preview(const SyncState* state, const SyncOptions& sync_options) {
    testing::FakeSource source(tables_, clock_, {});
    auto previews = preview_sync(source, state, clock_, sync_options);
    EXPECT_TRUE(previews.ok());
    requests_ = source.requests();
    return previews.ok() ? *std::move(previews) : std::vector<TablePreview>();
  }
};

TEST_F(Preview, TellsSizeSplitsAndStatementsWithAFewPagesATable) {
  tables_["big"] = table_of(20'000, false);
  tables_["small"] = table_of(5, true);
  const auto previews = preview(nullptr, options());
  ASSERT_EQ(previews.size(), 2U);
  EXPECT_EQ(previews[0].plan.run, RunKind::kFull);
  EXPECT_EQ(previews[0].method, ReadMethod::kWholeTable);
  EXPECT_FALSE(previews[0].table_is_exact);
  EXPECT_GT(previews[0].table.rows, 10'000U);
  EXPECT_LT(previews[0].table.rows, 40'000U);
  EXPECT_GT(previews[0].splits, 4U);
  EXPECT_TRUE(previews[0].blind_spots.empty());
  ASSERT_EQ(previews[0].helpful_cql.size(), 1U);
  EXPECT_EQ(previews[0].helpful_cql[0],
            "ALTER TABLE \"fake\".\"big\" ADD \"updated_at\" timestamp");
  EXPECT_EQ(previews[0].statements, std::vector<std::string>{"scan big"});
  EXPECT_TRUE(previews[1].table_is_exact);
  EXPECT_EQ(previews[1].table.rows, 5U);
  EXPECT_EQ(previews[1].splits, 1U);
  EXPECT_EQ(previews[1].blind_spots.size(), 3U);
  EXPECT_EQ(requests_.size(), 2U);
  for (const ScanRequest& request : requests_) EXPECT_EQ(request.page_limit, 8U);
}

TEST_F(Preview, TellsIndexWindowsWithTheirEstimateOrWhyAScan) {
  tables_["orders"] = table_of(3000, true);
  tables_["orders"].is_indexed = true;
  ASSERT_TRUE(sync().ok());
  clock_.advance_ms(20LL * 3'600'000);
  const auto state = decode_state(destination_.state->json);
  ASSERT_TRUE(state.ok());
  auto previews = preview(&*state, options());
  EXPECT_EQ(previews.at(0).method, ReadMethod::kFilteredScan);
  ASSERT_TRUE(previews[0].estimates.has_value());
  EXPECT_EQ(previews[0].estimates->windows, 4U);
  EXPECT_GT(previews[0].estimates->index_seconds, previews[0].estimates->scan_seconds);
  EXPECT_TRUE(previews[0].helpful_cql.empty());

  SyncOptions windowed = options();
  windowed.costs.scan_row_s = 1;
  previews = preview(&*state, windowed);
  EXPECT_EQ(previews.at(0).method, ReadMethod::kIndexWindows);
  EXPECT_EQ(previews[0].statements,
            (std::vector<std::string>{"scan orders after ? until ? by index",
                                      "scan orders after ? by index"}));
  windowed.use_indexes = false;
  EXPECT_EQ(preview(&*state, windowed).at(0).statements,
            std::vector<std::string>{"scan orders after ?"});
}

TEST_F(Preview, AdvisesAnIndexOnlyWhereTheServerCanMakeOne) {
  tables_["orders"] = table_of(3, true);
  const std::string advice = "CREATE INDEX ON \"fake\".\"orders\" (\"updated_at\") USING 'sai'";
  EXPECT_EQ(preview(nullptr, options()).at(0).helpful_cql, std::vector<std::string>{advice});
  testing::FakeSourceOptions without;
  without.offers_sai = false;
  testing::FakeSource source(tables_, clock_, without);
  const auto previews = preview_sync(source, nullptr, clock_, options());
  ASSERT_TRUE(previews.ok());
  EXPECT_TRUE(previews->at(0).helpful_cql.empty());
}

TEST_F(Preview, LeavesTheStateAloneAndRefusesAnotherSources) {
  tables_["orders"] = table_of(30, true);
  ASSERT_TRUE(sync().ok());
  auto state = decode_state(destination_.state->json);
  ASSERT_TRUE(state.ok());
  const SyncState before = *state;
  preview(&*state, options());
  EXPECT_EQ(*state, before);
  state->cluster = "elsewhere";
  testing::FakeSource source(tables_, clock_, {});
  const auto refused = preview_sync(source, &*state, clock_, options());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kStateMismatch);
}

TEST_F(Preview, ATableThatCannotBeProbedSaysWhy) {
  tables_["bad"] = table_of(3, false);
  testing::FakeSourceOptions broken;
  broken.fault = [](const ScanRequest&) -> std::optional<Error> {
    return Error{ErrorCode::kUnauthorized, "no"};
  };
  testing::FakeSource source(tables_, clock_, broken);
  const auto previews = preview_sync(source, nullptr, clock_, options());
  ASSERT_TRUE(previews.ok());
  ASSERT_TRUE(previews->at(0).error.has_value());
  EXPECT_EQ(previews->at(0).error->code, ErrorCode::kUnauthorized);
}

}  // namespace
}  // namespace ringsync
