// Crashes at every step between row and commit: each world is simulated once for each step of its
// first syncs, with the program dying there, and then comes to its quiet end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "defects.h"

namespace ringsync::simulation {

struct CrashReport {
  uint64_t steps = 0;
  uint64_t crashes = 0;
  std::optional<std::string> violation;  // where it was, and of what
  uint64_t seed = 0;                     // the last one
};

/// Before and behind each step, in a database and in Fivetran. Ends with the first violation.
CrashReport crash_everywhere(uint64_t first_seed, uint64_t seeds, Defect defect);

}  // namespace ringsync::simulation
