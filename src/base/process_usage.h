// What this process has used so far: for summaries and benchmarks.
#pragma once

#include <cstdint>

namespace ringsync {

struct ProcessUsage {
  double cpu_seconds = 0;  // user and system, all threads
  uint64_t peak_kib = 0;   // most memory ever resident (VmHWM); 0 where the system does not say
};

ProcessUsage process_usage();

}  // namespace ringsync
