// RecordBatcher: cuts records into messages as Fivetran takes them. A batch points into pages and
// copies nothing. Thread rule: delivering thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "sink/fivetran/record_page.h"
#include "sink/fivetran/wire_message.h"

namespace ringsync {

/// Limits of a batch: the contract's most records, and the bytes at which Fivetran's own example
/// closes one; a record larger than that is sent alone.
inline constexpr uint32_t kBatchRecordsMax = 100;
inline constexpr size_t kBatchBytesMax = size_t{100} << 10;

class RecordBatcher {
 public:
  /// `stream` outlives it.
  explicit RecordBatcher(WireStream& stream) : stream_(stream) {}

  /// Records [first, first + count) of the page, in batches; the last one may stay open.
  Status add(const std::shared_ptr<const RecordPage>& page, uint32_t first, uint32_t count);
  /// Sends the open batch, if there is one.
  Status flush();

 private:
  WireStream& stream_;
  std::vector<WireSlice> slices_;
  uint32_t records_ = 0;
  size_t bytes_ = 0;
};

}  // namespace ringsync
