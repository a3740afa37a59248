#include "sink/fivetran/record_batcher.h"

#include <utility>

#include "sink/fivetran/protobuf_bytes.h"
#include "sink/fivetran/update_messages.h"

namespace ringsync {

Status RecordBatcher::add(const std::shared_ptr<const RecordPage>& page, uint32_t first,
                          uint32_t count) {
  const uint32_t end = first + count;
  while (first < end) {
    // How many of the records to come still go into the open batch.
    uint32_t fitting = 0;
    size_t bytes = bytes_;
    while (first + fitting < end && records_ + fitting < kBatchRecordsMax) {
      const size_t size = page->record_size(first + fitting);
      const bool is_empty = records_ + fitting == 0;
      if (!is_empty && bytes + size > kBatchBytesMax) break;
      bytes += size;
      ++fitting;
    }
    if (fitting > 0) {
      const Bytes records = page->records(first, fitting);
      slices_.push_back({records, page});
      records_ += fitting;
      bytes_ += records.size();
      first += fitting;
    }
    const bool is_full = records_ == kBatchRecordsMax || bytes_ >= kBatchBytesMax;
    if (is_full || first < end) RINGSYNC_TRY(flush());
  }
  return {};
}

Status RecordBatcher::flush() {
  if (records_ == 0) return {};
  WireMessage message{records_head(bytes_), std::exchange(slices_, {})};
  records_ = 0;
  bytes_ = 0;
  return stream_.write(std::move(message));
}

}  // namespace ringsync
