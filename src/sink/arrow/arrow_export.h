// From our pages to the Arrow C data interface: the schema of a table, and slices of pages as
// record batches without a copy. For sinks that hand Arrow data on. Thread rule: pure functions; a
// batch may be released on any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "sink/arrow/arrow_page.h"
#include "sink/arrow/arrow_type.h"

struct ArrowArray;   // Arrow C data interface
struct ArrowSchema;  // Arrow C data interface

namespace ringsync {

/// Makes the schema of record batches with these columns; the caller releases `out`.
Status export_schema(const std::vector<ArrowField>& fields, ArrowSchema* out);

/// Rows [first_row, first_row + row_count) of the page as one record batch. `added` columns, at
/// least row_count long, follow the page's own. The batch keeps page and columns alive (hence the
/// shared pointers: Arrow's consumer decides when it lets go); the caller or consumer releases
/// `out`.
void export_slice(std::shared_ptr<const ArrowPage> page, uint32_t first_row, uint32_t row_count,
                  std::shared_ptr<const std::vector<ArrowColumn>> added, ArrowArray* out);

/// The same, of `columns` (indexes in the page) alone and in their order.
void export_columns(std::shared_ptr<const ArrowPage> page, const std::vector<uint16_t>& columns,
                    uint32_t first_row, uint32_t row_count, ArrowArray* out);

}  // namespace ringsync
