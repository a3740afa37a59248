#include "plan/token_ranges.h"

#include <algorithm>

namespace ringsync {

std::vector<TokenRange> merged(std::vector<TokenRange> ranges) {
  std::erase_if(ranges, [](TokenRange r) { return r.start >= r.end; });
  std::sort(ranges.begin(), ranges.end());
  std::vector<TokenRange> result;
  for (const TokenRange& range : ranges) {
    if (!result.empty() && range.start <= result.back().end) {
      result.back().end = std::max(result.back().end, range.end);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

std::vector<TokenRange> without(const std::vector<TokenRange>& ranges,
                                const std::vector<TokenRange>& taken) {
  const std::vector<TokenRange> holes = merged(taken);
  std::vector<TokenRange> result;
  for (TokenRange rest : merged(ranges)) {
    // The first hole that ends after the range starts; those before it cannot touch the range.
    auto hole = std::upper_bound(holes.begin(), holes.end(), rest.start,
                                 [](Token token, TokenRange h) { return token < h.end; });
    for (; hole != holes.end() && hole->start < rest.end; ++hole) {
      if (hole->start > rest.start) result.push_back({rest.start, hole->start});
      rest.start = std::max(rest.start, hole->end);
      if (rest.start >= rest.end) break;
    }
    if (rest.start < rest.end) result.push_back(rest);
  }
  return result;
}

double ring_share(TokenRange range) {
  // The difference of two tokens needs 65 bits; wrapping unsigned arithmetic gives it exactly.
  const uint64_t width = static_cast<uint64_t>(range.end) - static_cast<uint64_t>(range.start);
  return static_cast<double>(width) / 18446744073709551616.0;
}

}  // namespace ringsync
