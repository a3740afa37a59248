#include "plan/splits.h"

#include <algorithm>
#include <cmath>

#include "plan/token_ranges.h"

namespace ringsync {
namespace {

// How many splits the whole ring of such a table should have.
uint64_t wanted_splits(TableEstimate estimate, const SplitSizing& sizing) {
  const uint64_t row_bytes = std::max<uint64_t>(estimate.row_bytes, 1);
  const uint64_t rows_target = std::max<uint64_t>(sizing.split_bytes_target / row_bytes, 1);
  const uint64_t by_size = estimate.rows / rows_target + 1;
  const uint64_t rows_allow =
      std::max<uint64_t>(estimate.rows / std::min(sizing.split_rows_min, rows_target), 1);
  const uint64_t spread = std::min<uint64_t>(sizing.splits_min, rows_allow);
  return std::clamp<uint64_t>(std::max(by_size, spread), 1, sizing.splits_max);
}

std::vector<TokenRange> cut_at(TokenRange range, const std::vector<Token>& tokens) {
  std::vector<TokenRange> pieces;
  auto token = std::upper_bound(tokens.begin(), tokens.end(), range.start);
  for (; token != tokens.end() && *token < range.end; ++token) {
    if (*token == range.start) continue;  // the same token listed twice
    pieces.push_back({range.start, *token});
    range.start = *token;
  }
  pieces.push_back(range);
  return pieces;
}

}  // namespace

std::vector<TokenRange> cut_evenly(TokenRange range, uint64_t count) {
  const uint64_t width = static_cast<uint64_t>(range.end) - static_cast<uint64_t>(range.start);
  count = std::clamp<uint64_t>(count, 1, width);
  std::vector<TokenRange> pieces;
  pieces.reserve(count);
  Token start = range.start;
  for (uint64_t i = 1; i <= count; ++i) {
    // width * i / count without overflow; exact but for rounding below one token in `count`.
    const uint64_t offset =
        i == count ? width
                   : width / count * i +
                         static_cast<uint64_t>(static_cast<double>(width % count) *
                                               static_cast<double>(i) / static_cast<double>(count));
    const auto end = static_cast<Token>(static_cast<uint64_t>(range.start) + offset);
    pieces.push_back({start, end});
    start = end;
  }
  return pieces;
}

std::vector<TokenRange> plan_splits(const std::vector<TokenRange>& ranges,
                                    const std::vector<Token>& ring_tokens, TableEstimate estimate,
                                    const SplitSizing& sizing) {
  const uint64_t wanted = wanted_splits(estimate, sizing);
  const bool cut_at_ring =
      ring_tokens.size() <= sizing.splits_max &&
      (estimate.rows / sizing.split_rows_min >= ring_tokens.size() || wanted >= ring_tokens.size());
  std::vector<TokenRange> splits;
  for (const TokenRange& range : ranges) {
    const auto pieces = cut_at_ring ? cut_at(range, ring_tokens) : std::vector<TokenRange>{range};
    for (const TokenRange& piece : pieces) {
      const double share = ring_share(piece) * static_cast<double>(wanted);
      const auto parts = cut_evenly(piece, static_cast<uint64_t>(std::llround(std::ceil(share))));
      splits.insert(splits.end(), parts.begin(), parts.end());
    }
  }
  return splits;
}

}  // namespace ringsync
