// Batches: at most 100 records and about 100 KiB, a larger record alone, none over a checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../unit/cql/page_builder.h"
#include "recording_stream.h"
#include "sink/fivetran/record_batcher.h"
#include "sink/fivetran/record_encoder.h"

namespace ringsync::testing {
namespace {

using ::testing::ElementsAre;

/// A page of one record for each text.
std::shared_ptr<const RecordPage> page_of(const std::vector<std::string>& texts) {
  Table table;
  table.keyspace = "ks";
  table.name = "t";
  table.columns.push_back({"c", {}, ColumnKind::kRegular});
  table.columns[0].type.kind = TypeKind::kText;
  PageBuilder page(1);
  for (const std::string& text : texts) page.bytes(text);
  auto encoder = RecordEncoder::make(table, {}, std::make_shared<BufferPool>());
  uint32_t failed_row = 0;
  std::shared_ptr<const EncodedPage> encoded = *(*encoder)->encode(page.view(), failed_row);
  return std::dynamic_pointer_cast<const RecordPage>(encoded);
}

std::vector<int> batch_sizes(const RecordingStream& stream) {
  std::vector<int> sizes;
  for (const sdk::UpdateResponse& message : stream.decoded()) {
    sizes.push_back(message.records().records_size());
  }
  return sizes;
}

TEST(RecordBatcher, ClosesABatchAtAHundredRecords) {
  RecordingStream stream;
  RecordBatcher batcher(stream);
  ASSERT_TRUE(batcher.add(page_of(std::vector<std::string>(250, "x")), 0, 250).ok());
  EXPECT_THAT(batch_sizes(stream), ElementsAre(100, 100));
  ASSERT_TRUE(batcher.flush().ok());
  ASSERT_TRUE(batcher.flush().ok());
  EXPECT_THAT(batch_sizes(stream), ElementsAre(100, 100, 50));
}

TEST(RecordBatcher, FillsABatchFromSeveralPages) {
  RecordingStream stream;
  RecordBatcher batcher(stream);
  for (int page = 0; page < 7; ++page) {
    ASSERT_TRUE(batcher.add(page_of(std::vector<std::string>(30, "x")), 10, 20).ok());
  }
  ASSERT_TRUE(batcher.flush().ok());
  EXPECT_THAT(batch_sizes(stream), ElementsAre(100, 40));
  EXPECT_EQ(stream.slices_max(), 5U);
}

TEST(RecordBatcher, ClosesABatchBeforeItWouldGrowBeyond100KiB) {
  RecordingStream stream;
  RecordBatcher batcher(stream);
  ASSERT_TRUE(
      batcher.add(page_of(std::vector<std::string>(7, std::string(30'000, 'x'))), 0, 7).ok());
  ASSERT_TRUE(batcher.flush().ok());
  EXPECT_THAT(batch_sizes(stream), ElementsAre(3, 3, 1));
  for (const std::string& message : stream.messages()) {
    EXPECT_LE(message.size(), kBatchBytesMax + 16);
  }
}

TEST(RecordBatcher, SendsALargeRecordAlone) {
  RecordingStream stream;
  RecordBatcher batcher(stream);
  const std::string large(kBatchBytesMax + 1, 'x');
  ASSERT_TRUE(batcher.add(page_of({"a", "b", large, "c", large, large, "d"}), 0, 7).ok());
  ASSERT_TRUE(batcher.flush().ok());
  EXPECT_THAT(batch_sizes(stream), ElementsAre(2, 1, 1, 1, 1, 1));
  EXPECT_EQ(stream.decoded()[1].records().records(0).data().at("c").string(), large);
}

TEST(RecordBatcher, EndsWithTheStreamsError) {
  RecordingStream stream(1);
  RecordBatcher batcher(stream);
  const Status status = batcher.add(page_of(std::vector<std::string>(250, "x")), 0, 250);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
}

TEST(RecordBatcher, ABufferGoesBackToItsPoolWithItsPage) {
  auto pool = std::make_shared<BufferPool>();
  RecordBuffer buffer = pool->take();
  EXPECT_EQ(buffer.capacity(), 0U);
  buffer.make_room(1000);
  buffer.set_end(buffer.end() + 10);
  { const RecordPage page(std::move(buffer), {10}, {}, pool); }
  const RecordBuffer again = pool->take();
  EXPECT_GE(again.capacity(), 1000U);
  EXPECT_EQ(again.size(), 0U);
}

}  // namespace
}  // namespace ringsync::testing
