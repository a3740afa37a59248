#include "base/process_usage.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace ringsync {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// Not ru_maxrss: after a vfork and exec that also counts the parent's memory.
uint64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    uint64_t size = 0;
    status >> size;
    return size;
  }
  return 0;
}

}  // namespace

ProcessUsage process_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime), peak_kib()};
}

}  // namespace ringsync
