#include "python/core/scan_sink.h"

#include <chrono>
#include <utility>

#include "sink/arrow/arrow_page_encoder.h"

namespace ringsync::python {

Status SliceQueue::push(PageSlice slice) {
  const size_t bytes = slice.page->byte_size();
  std::unique_lock lock(mutex_);
  changed_.wait(lock,
                [&] { return is_closed_ || slices_.empty() || bytes_ + bytes <= bytes_max_; });
  if (is_closed_) return Error{ErrorCode::kCancelled, "the scan was cancelled"};
  bytes_ += bytes;
  slices_.push_back(std::move(slice));
  changed_.notify_all();
  return {};
}

void SliceQueue::finish(Status outcome) {
  const std::lock_guard lock(mutex_);
  outcome_ = std::move(outcome);
  changed_.notify_all();
}

void SliceQueue::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

void SliceQueue::wait_for_end(int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return outcome_.has_value(); });
}

Result<SliceQueue::Popped> SliceQueue::pop(int64_t timeout_ms, PageSlice& slice) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return !slices_.empty() || outcome_; });
  if (!slices_.empty()) {
    slice = std::move(slices_.front());
    slices_.pop_front();
    bytes_ -= slice.page->byte_size();
    changed_.notify_all();
    return Popped::kSlice;
  }
  if (!outcome_) return Popped::kNothing;
  RINGSYNC_TRY(*outcome_);
  return Popped::kEnd;
}

ScanSink::ScanSink(Table table, ArrowEncoding encoding, SliceQueue& queue)
    : table_(std::move(table)), encoding_(std::move(encoding)), queue_(queue) {}

Result<TableOpening> ScanSink::open_table(const TablePlan& plan) {
  if (plan.table.columns != table_.columns) {
    return Error{ErrorCode::kSchemaChanged,
                 "its columns have changed since scan() was called; call it again"};
  }
  return TableOpening{};
}

Result<std::unique_ptr<PageEncoder>> ScanSink::encoder(const TablePlan& plan) {
  RINGSYNC_ASSIGN(auto encoder, ArrowPageEncoder::make(plan.table, encoding_));
  return std::unique_ptr<PageEncoder>(std::move(encoder));
}

Status ScanSink::deliver(const TablePlan&, const std::shared_ptr<const EncodedPage>& page,
                         RowSlice slice) {
  if (slice.may_repeat) {
    // A destination would take the last version of a key; an Arrow stream would hold both.
    return Error{ErrorCode::kBadPagingState,
                 "the server refused to go on from a position, and rows would come twice; "
                 "scan again"};
  }
  return queue_.push(
      {std::static_pointer_cast<const ArrowPage>(page), slice.first_row, slice.row_count});
}

}  // namespace ringsync::python
