// The one source of chance of a simulated world: all that happens in it follows from its seed.
#pragma once

#include <cstdint>
#include <random>

namespace ringsync::simulation {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t next() { return engine_(); }
  /// 0 … count - 1.
  uint64_t below(uint64_t count) { return engine_() % count; }
  /// first … last, both included.
  int64_t between(int64_t first, int64_t last) {
    return first + static_cast<int64_t>(below(static_cast<uint64_t>(last - first) + 1));
  }
  bool chance(double probability) {
    return static_cast<double>(engine_() >> 11) < probability * 9007199254740992.0;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace ringsync::simulation
