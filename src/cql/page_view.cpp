#include "cql/page_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace ringsync {
namespace {

Error malformed(const char* what, size_t cell, uint16_t column_count) {
  return {ErrorCode::kMalformed, fmt::format("page of rows is malformed: {} at row {}, column {}",
                                             what, cell / column_count, cell % column_count)};
}

}  // namespace

Result<PageView> PageIndex::index(Bytes rows, uint32_t row_count, uint16_t column_count) {
  if (rows.size() > std::numeric_limits<uint32_t>::max()) {
    return Error{ErrorCode::kMalformed, "page of rows is larger than 4 GiB"};
  }
  const size_t cell_count = size_t{row_count} * column_count;
  // Each cell takes at least its length field: refuse before a hostile row count allocates.
  if (cell_count > rows.size() / 4) {
    return Error{
        ErrorCode::kMalformed,
        fmt::format("page of rows is malformed: {} bytes cannot hold {} rows of {} columns",
                    rows.size(), row_count, column_count)};
  }
  cells_.resize(cell_count);
  const uint8_t* const base = rows.data();
  const size_t size = rows.size();
  size_t at = 0;
  for (size_t i = 0; i < cell_count; ++i) {
    if (size - at < 4) return malformed("ends inside a cell's length", i, column_count);
    const auto length = static_cast<int32_t>(load_be32(base + at));
    at += 4;
    cells_[i] = {static_cast<uint32_t>(at), length};
    if (length > 0) {
      if (size - at < static_cast<size_t>(length)) {
        return malformed("ends inside a cell", i, column_count);
      }
      at += static_cast<size_t>(length);
    }
  }
  if (at != size) {
    return Error{ErrorCode::kMalformed,
                 fmt::format("page of rows is malformed: {} bytes after the last row", size - at)};
  }
  return PageView(base, cells_.data(), row_count, column_count);
}

PageView PageIndex::without_null_rows(const PageView& page, uint16_t column) {
  const uint16_t width = page.column_count();
  uint32_t kept = 0;
  for (uint32_t row = 0; row < page.row_count(); ++row) {
    const CellPosition* from = cells_.data() + size_t{row} * width;
    if (from[column].size < 0) continue;
    std::copy_n(from, width, cells_.data() + size_t{kept} * width);
    ++kept;
  }
  return PageView(page.base(), cells_.data(), kept, width);
}

}  // namespace ringsync
