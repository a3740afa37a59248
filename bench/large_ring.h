// The ring of a very large cluster, made up: what bench's planning programs share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "model/token_range.h"

namespace ringsync::bench {

/// Sorted tokens of so many nodes, each of which chose its own at random as Cassandra's do.
inline std::vector<Token> random_ring(uint64_t nodes, uint64_t tokens_each,
                                      std::mt19937_64& random) {
  std::vector<Token> tokens(nodes * tokens_each);
  for (Token& token : tokens) token = static_cast<Token>(random());
  std::sort(tokens.begin(), tokens.end());
  return tokens;
}

}  // namespace ringsync::bench
