// RecordPage: the records of one page in protobuf's wire format, each as a field of
// fivetran_sdk.v2.Records, one behind the other: any run of them is the content of a batch, without
// a copy. Between the encoding worker and the sink. Thread rule: immutable once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "sink/fivetran/record_buffer.h"
#include "sink/sink.h"

namespace ringsync {

class RecordPage final : public EncodedPage {
 public:
  /// `ends`: where each record ends in `buffer`. `pool` gets the buffer back when the page goes,
  /// on whatever thread (shared: a page may outlive its sink).
  RecordPage(RecordBuffer buffer, std::vector<size_t> ends, std::vector<NulledValues> nulled,
             std::shared_ptr<BufferPool> pool)
      : buffer_(std::move(buffer)), ends_(std::move(ends)), pool_(std::move(pool)) {
    nulled_ = std::move(nulled);
  }
  ~RecordPage() override { pool_->give_back(std::move(buffer_)); }
  RecordPage(const RecordPage&) = delete;
  RecordPage& operator=(const RecordPage&) = delete;

  size_t byte_size() const override { return buffer_.capacity() + ends_.size() * sizeof(size_t); }
  uint32_t row_count() const { return static_cast<uint32_t>(ends_.size()); }

  /// Records [first, first + count) as they stand in the message.
  Bytes records(uint32_t first, uint32_t count) const {
    return {buffer_.data() + start(first), start(first + count) - start(first)};
  }
  size_t record_size(uint32_t row) const { return start(row + 1) - start(row); }

 private:
  size_t start(uint32_t row) const { return row == 0 ? 0 : ends_[row - 1]; }

  RecordBuffer buffer_;
  std::vector<size_t> ends_;
  std::shared_ptr<BufferPool> pool_;
};

}  // namespace ringsync
