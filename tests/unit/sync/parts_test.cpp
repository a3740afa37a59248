// Several readers that share a table out among themselves: each reads its part alone.
#include "plan/parts.h"

#include "engine_fixture.h"
#include "plan/token_ranges.h"

namespace ringsync {
namespace {

class Parts : public testing::EngineFixture {
 protected:
  /// Each part is read by a sync with a destination of its own; returns the rows of all of them.
  std::map<int64_t, int64_t> read_parts(const std::vector<TokenRange>& parts,
                                        const SyncOptions& sync_options) {
    std::map<int64_t, int64_t> rows;
    for (const TokenRange& part : parts) {
      SyncOptions options_of_part = sync_options;
      options_of_part.part = ReadPart{{part}, {tables_["big"].rows.size(), 50}};
      destination_ = {};
      const auto summary = sync({}, {}, options_of_part);
      EXPECT_TRUE(summary.ok());
      if (!summary.ok()) return {};
      EXPECT_TRUE(summary->tables[0].finished);
      EXPECT_FALSE(summary->tables[0].resumed);
      delivered_ += delivered_rows_;
      for (const ScanRequest& request : requests_) {
        EXPECT_EQ(request.page_limit, 0U) << "a probe";
        EXPECT_EQ(without({request.range}, {part}), std::vector<TokenRange>{});
      }
      for (const auto& [id, row] : destination_.tables["big"]) rows[id] = row.row.value;
    }
    return rows;
  }

  std::map<int64_t, int64_t> rows_of_source(int64_t after_ms) {
    std::map<int64_t, int64_t> rows;
    for (const auto& [id, row] : tables_["big"].rows) {
      if (row.updated_at_ms.value_or(0) >= after_ms) rows[id] = row.value;
    }
    return rows;
  }

  uint64_t delivered_ = 0;
};

TEST_F(Parts, TogetherHaveEveryRowOnceAndNothingIsProbed) {
  tables_["big"] = table_of(3000, false);
  for (const uint32_t count : {1U, 2U, 7U, 64U}) {
    const auto parts = plan_parts({-4'000'000'000'000'000'000, 0, 4'000'000'000'000'000'000},
                                  {3000, 50}, {.parts_min = count});
    ASSERT_EQ(parts.size(), count);
    delivered_ = 0;
    EXPECT_EQ(read_parts(parts, options()), rows_of_source(0));
    EXPECT_EQ(delivered_, 3000U);
  }
}

TEST_F(Parts, OfRowsPastATimeAreTheSame) {
  tables_["big"] = table_of(2000, true, 1000);
  for (int64_t id = 0; id < 2000; id += 10) tables_["big"].rows[id].updated_at_ms = 5000;
  SyncOptions past = options();
  past.initial_start_ms = 1000;
  const auto rows = read_parts(cut_evenly(kWholeRing, 5), past);
  EXPECT_EQ(rows, rows_of_source(1001));
  EXPECT_EQ(rows.size(), 200U);
  EXPECT_EQ(delivered_, 200U);
}

TEST_F(Parts, OfATableWithAnIndexOfTheCursorAreReadByScans) {
  tables_["big"] = table_of(2000, true, 1000);
  tables_["big"].is_indexed = true;
  SyncOptions past = options();
  past.initial_start_ms = 500;
  EXPECT_EQ(read_parts(cut_evenly(kWholeRing, 5), past), rows_of_source(501));
  EXPECT_EQ(delivered_, 2000U);
  for (const ScanRequest& request : requests_) EXPECT_FALSE(request.query->by_index);
}

TEST_F(Parts, AreReadWithoutASavedState) {
  tables_["big"] = table_of(100, false);
  ASSERT_TRUE(sync().ok());
  SyncOptions part = options();
  part.part = ReadPart{{{kTokenMin, 0}}, {100, 50}};
  const auto summary = sync({}, {}, part);
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ErrorCode::kInternal);
}

TEST_F(Parts, OfAPartitionOfManyPagesAreReadToItsEnd) {
  tables_["big"] = table_of(4000, false);
  tables_["big"].partition_rows = 500;
  EXPECT_EQ(read_parts(cut_evenly(kWholeRing, 3), options()), rows_of_source(0));
  EXPECT_EQ(delivered_, 4000U);
}

}  // namespace
}  // namespace ringsync
