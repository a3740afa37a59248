// SliceStream: slices of Arrow pages as the stream that an ADBC driver reads. Private to sink/adbc.
// Thread rule: used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sink/arrow/arrow_export.h"

struct ArrowArrayStream;  // Arrow C stream interface

namespace ringsync {

/// Part of a page that waits for its ingest. Shared with the engine, which may still deliver other
/// slices of the page.
struct PendingSlice {
  std::shared_ptr<const ArrowPage> page;
  uint32_t first_row = 0;
  uint32_t row_count = 0;
};

/// Makes a stream of `slices` in order, each followed by the `added` columns (at least as long as
/// the longest slice). The consumer releases `out`.
void make_slice_stream(std::vector<ArrowField> fields, std::vector<PendingSlice> slices,
                       std::shared_ptr<const std::vector<ArrowColumn>> added,
                       ArrowArrayStream* out);

}  // namespace ringsync
