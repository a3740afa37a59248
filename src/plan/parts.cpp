#include "plan/parts.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ringsync {
namespace {

// How far from the even cut a part may end, as a share of its width.
constexpr uint64_t kSnapDivisor = 4;

uint64_t distance(Token a, Token b) {
  const auto [low, high] = std::minmax(a, b);
  return static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
}

uint64_t wanted_parts(TableEstimate estimate, const PartSizing& sizing) {
  const double bytes = static_cast<double>(estimate.rows) *
                       static_cast<double>(std::max<uint64_t>(estimate.row_bytes, 1));
  const double by_size = std::ceil(bytes / static_cast<double>(sizing.part_bytes_target));
  const double wanted = std::max(by_size, static_cast<double>(sizing.parts_min));
  // A part without a row is a task for nothing.
  const double allowed =
      std::min(static_cast<double>(estimate.rows), static_cast<double>(sizing.parts_max));
  return static_cast<uint64_t>(std::max(std::min(wanted, allowed), 1.0));
}

/// The token of the ring next to `cut`, or `cut` where none lies within `reach`.
Token snapped(Token cut, const std::vector<Token>& ring_tokens, uint64_t reach) {
  const auto after = std::ranges::lower_bound(ring_tokens, cut);
  Token best = cut;
  uint64_t best_distance = reach;
  const auto consider = [&](Token token) {
    if (distance(token, cut) >= best_distance) return;
    best = token;
    best_distance = distance(token, cut);
  };
  if (after != ring_tokens.end()) consider(*after);
  if (after != ring_tokens.begin()) consider(*std::prev(after));
  return best;
}

}  // namespace

std::vector<TokenRange> plan_parts(const std::vector<Token>& ring_tokens, TableEstimate estimate,
                                   const PartSizing& sizing) {
  std::vector<TokenRange> parts = cut_evenly(kWholeRing, wanted_parts(estimate, sizing));
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const uint64_t width = distance(parts[i].start, parts[i].end);
    // Less than half a part either way: ends stay in order, and no part becomes empty.
    parts[i].end = snapped(parts[i].end, ring_tokens, width / kSnapDivisor);
    parts[i + 1].start = parts[i].end;
  }
  return parts;
}

}  // namespace ringsync
