// SliceStream: slices of Arrow pages as the stream that an ADBC driver reads. Private to sink/adbc.
// Thread rule: used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/operation.h"
#include "sink/arrow/arrow_export.h"

struct ArrowArrayStream;  // Arrow C stream interface

namespace ringsync {

/// Part of a page that waits for its ingest. Shared with the engine, which may still deliver other
/// slices of the page.
struct PendingSlice {
  std::shared_ptr<const ArrowPage> page;
  uint32_t first_row = 0;
  uint32_t row_count = 0;
  Operation operation = Operation::kUpsert;
  /// Columns that follow the page's own, at least as long as the slice; shared among slices.
  std::shared_ptr<const std::vector<ArrowColumn>> added;
};

/// Makes a stream of `slices` in order. The consumer releases `out`.
void make_slice_stream(std::vector<ArrowField> fields, std::vector<PendingSlice> slices,
                       ArrowArrayStream* out);

}  // namespace ringsync
