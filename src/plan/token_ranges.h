// Arithmetic on token ranges: pure functions over (start, end] on the line from -2^63 to 2^63-1.
#pragma once

#include <vector>

#include "model/token_range.h"

namespace ringsync {

/// Sorted, with overlapping and touching ranges made one; empty ranges (start >= end) left out.
std::vector<TokenRange> merged(std::vector<TokenRange> ranges);

/// What of `ranges` lies in none of `taken`; sorted and merged.
std::vector<TokenRange> without(const std::vector<TokenRange>& ranges,
                                const std::vector<TokenRange>& taken);

/// Share of the whole ring in a range: (0, 1].
double ring_share(TokenRange range);

}  // namespace ringsync
