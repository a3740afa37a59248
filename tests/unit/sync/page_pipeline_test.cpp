// The pipeline with workers, over a source in memory: how many bytes it takes before it gives any.
#include "sync/page_pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "fake_database.h"

namespace ringsync {
namespace {

constexpr uint64_t kRows = 3000;
constexpr size_t kRowBytes = 24;
constexpr size_t kPageBytesMax = 50 * kRowBytes;
constexpr uint32_t kPageRows[] = {1, 20, 35, 50};  // of four scans

/// Counts the bytes of pages that have gone through it and were not given back.
class CountingScanner final : public Scanner {
 public:
  explicit CountingScanner(std::unique_ptr<Scanner> inner) : inner_(std::move(inner)) {}

  void start(ScanRequest request) override { inner_->start(std::move(request)); }

  Result<std::optional<ScanEvent>> next(int64_t timeout_ms) override {
    auto event = inner_->next(timeout_ms);
    if (event.ok() && event->has_value()) count((*event)->page->buffer->rows().size());
    return event;
  }

  void cancel() override { inner_->cancel(); }

  void give_back(size_t bytes) {
    const std::lock_guard lock(mutex_);
    held_ -= bytes;
  }
  size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_;
  }
  size_t held_max() const {
    const std::lock_guard lock(mutex_);
    return held_max_;
  }

 private:
  void count(size_t bytes) {
    const std::lock_guard lock(mutex_);
    held_ += bytes;
    held_max_ = std::max(held_max_, held_);
  }

  std::unique_ptr<Scanner> inner_;
  mutable std::mutex mutex_;
  size_t held_ = 0;
  size_t held_max_ = 0;
};

class PipelineOf : public ::testing::TestWithParam<size_t> {
 protected:
  PipelineOf() {
    for (uint64_t id = 0; id < kRows; ++id) tables_["big"].rows[static_cast<int64_t>(id)] = {};
    plan_.table = source_.keyspace()->tables.at(0);
    encoders_ = std::make_shared<TableEncoders>(plan_, source_, &sink_);
  }

  /// Each scan reads a quarter of the ring, with pages of its own size.
  void start_scans(PagePipeline& pipeline, Scanner& scanner) const {
    const auto query = std::make_shared<const ScanQuery>(ScanQuery{plan_.table, {}, {}});
    Token start = kTokenMin;
    for (size_t i = 0; i < std::size(kPageRows); ++i) {
      const bool is_last = i + 1 == std::size(kPageRows);
      const Token end = is_last ? kTokenMax : start + (Token{1} << 62);
      ScanRequest request;
      request.id = i;
      request.query = query;
      request.range = {start, end};
      request.first_page_rows = request.page_rows_max = kPageRows[i];
      pipeline.open(request.id, encoders_, PagePipeline::Use::kRows);
      scanner.start(std::move(request));
      start = end;
    }
  }

  const SystemClock clock_;
  testing::FakeTables tables_;
  testing::FakeSource source_{tables_, clock_};
  testing::FakeDestination destination_;
  testing::FakeSink sink_{destination_, clock_};
  TablePlan plan_;
  std::shared_ptr<TableEncoders> encoders_;
};

// A page more than the limit allows is the one that waits for room; and a single page may be
// larger.
TEST_P(PipelineOf, BytesInFlightPassTheirLimitByOnePageAtMost) {
  const size_t bytes_max = GetParam();
  const size_t bound = std::max(bytes_max, kPageBytesMax) + kPageBytesMax;
  ASSERT_LT(bound, kRows * kRowBytes / 2);
  CountingScanner scanner(*source_.scanner({50, 1 << 20, 4}));
  PagePipeline pipeline(scanner, {4, bytes_max});
  start_scans(pipeline, scanner);
  while (scanner.held() == 0 || scanner.held() + kPageBytesMax < bytes_max) {
    std::this_thread::yield();
  }
  // Without a limit the workers would take all there is meanwhile.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LE(scanner.held(), bound);

  uint64_t rows = 0;
  for (size_t ended = 0; ended < std::size(kPageRows);) {
    const auto event = pipeline.next(1000);
    ASSERT_TRUE(event.ok()) << event.error().message;
    if (!event->has_value()) continue;
    const EncodedRows& page = *(*event)->rows;
    scanner.give_back(page.bytes);
    rows += page.rows_read;
    ended += page.is_last ? 1 : 0;
  }
  EXPECT_EQ(rows, kRows);
  // Workers may have met the room of a page before it was counted here as given back.
  EXPECT_LE(scanner.held_max(), bound + kPageBytesMax);
}

INSTANTIATE_TEST_SUITE_P(Limits, PipelineOf, ::testing::Values(1, 1000, 5000, 20'000));

}  // namespace
}  // namespace ringsync
