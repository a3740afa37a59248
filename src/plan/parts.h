// Parts: how a table is shared out among readers that know nothing of each other, as tasks of a
// cluster of readers do. Each cuts its part into splits by itself. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "model/token_range.h"
#include "plan/splits.h"

namespace ringsync {

struct PartSizing {
  uint64_t part_bytes_target = uint64_t{128} << 20;  // about what one part should hold
  uint32_t parts_min = 1;                            // of a table with rows enough
  uint32_t parts_max = 100'000;
};

/// Cuts the ring into ranges, in token order, that cover exactly all of it: as many as the table's
/// size asks for, of nearly equal width. A range ends at a token of the ring where one lies close
/// to the even cut, so that few splits of one range of the ring fall into two parts.
std::vector<TokenRange> plan_parts(const std::vector<Token>& ring_tokens, TableEstimate estimate,
                                   const PartSizing& sizing);

}  // namespace ringsync
