// ScanSink: the engine's pages as Arrow columns in a bounded queue, for one consumer. The last step
// of a scan's data path. Thread rule: the sink's is that of Sink; the queue's methods may be called
// from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "sink/arrow/arrow_encoding.h"
#include "sink/arrow/arrow_page.h"
#include "sink/sink.h"

namespace ringsync::python {

/// Rows of a page that go out together.
struct PageSlice {
  std::shared_ptr<const ArrowPage> page;  // shared: batches made of it outlive the queue
  uint32_t first_row = 0;
  uint32_t row_count = 0;
};

/// What waits between the engine and the consumer.
class SliceQueue {
 public:
  /// `bytes_max`: of pages that wait; one page is taken whatever its size.
  explicit SliceQueue(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Waits for room. kCancelled once the consumer has closed.
  Status push(PageSlice slice);
  /// No more comes: the end, or why.
  void finish(Status outcome);
  /// The consumer wants no more.
  void close();
  /// Waits for finish(), `timeout_ms` at most.
  void wait_for_end(int64_t timeout_ms);

  enum class Popped : uint8_t { kSlice, kNothing, kEnd };
  /// The next slice, nothing within `timeout_ms`, or the end; an error once all before it is out.
  Result<Popped> pop(int64_t timeout_ms, PageSlice& slice);

 private:
  const size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PageSlice> slices_;
  size_t bytes_ = 0;
  bool is_closed_ = false;
  std::optional<Status> outcome_;
};

class ScanSink final : public Sink {
 public:
  /// Takes rows of `table` alone. `queue` outlives it.
  ScanSink(Table table, ArrowEncoding encoding, SliceQueue& queue);

  Result<std::optional<StoredState>> load_state() override { return std::optional<StoredState>(); }
  Result<TableOpening> open_table(const TablePlan& plan) override;
  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override;
  Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                 RowSlice slice) override;
  Status finish_table(const TablePlan&) override { return {}; }
  Result<bool> checkpoint(const Checkpoint&, CheckpointUrgency) override { return true; }
  std::optional<uint64_t> rows_deleted(const std::string&) const override { return std::nullopt; }

 private:
  const Table table_;
  const ArrowEncoding encoding_;
  SliceQueue& queue_;
};

}  // namespace ringsync::python
