// Token ranges on the Murmur3 ring, laid out on a line.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace ringsync {

using Token = int64_t;

/// Both ends of the line. No row has kTokenMin: Cassandra's Murmur3Partitioner maps it to
/// kTokenMax.
inline constexpr Token kTokenMin = std::numeric_limits<Token>::min();
inline constexpr Token kTokenMax = std::numeric_limits<Token>::max();

/// (start, end]: without its start, with its end. Always start < end: CQL reads (t, t] as empty
/// and ScyllaDB reads an end of -2^63 as the maximum, so neither is ever made. A range that wraps
/// round the ring is two of these.
struct TokenRange {
  Token start = kTokenMin;
  Token end = kTokenMax;

  auto operator<=>(const TokenRange&) const = default;
};

/// The whole ring.
inline constexpr TokenRange kWholeRing{kTokenMin, kTokenMax};

}  // namespace ringsync
