// Splits: how the ring is cut into the ranges that workers read. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "model/token_range.h"

namespace ringsync {

/// What is known of a table's size.
struct TableEstimate {
  uint64_t rows = 0;       // over the whole ring
  uint64_t row_bytes = 0;  // mean wire bytes of a row; at least 1 where rows > 0
};

struct SplitSizing {
  uint64_t split_bytes_target = 8 << 20;  // about what one split should hold
  uint64_t split_rows_min = 1000;         // below this a split costs more than it brings
  uint32_t splits_min = 1;                // of a whole ring, where the table has rows enough
  uint32_t splits_max = 1 << 20;
};

/// Cuts `ranges` (sorted, merged) into splits in token order that cover exactly the same tokens.
/// A table with rows enough is cut at every ring token, so that each split has one set of
/// replicas, and each piece again by size; a small one is cut by size alone.
std::vector<TokenRange> plan_splits(const std::vector<TokenRange>& ranges,
                                    const std::vector<Token>& ring_tokens, TableEstimate estimate,
                                    const SplitSizing& sizing);

/// Cuts one range into at most `count` pieces of nearly equal width, in order.
std::vector<TokenRange> cut_evenly(TokenRange range, uint64_t count);

}  // namespace ringsync
