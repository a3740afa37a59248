// The simulation's time: it moves where something waits or is waited for, and nowhere else.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace ringsync::simulation {

inline constexpr int64_t kHourMs = 3'600'000;
/// The client's wall clock is wrong by so much at most.
inline constexpr int64_t kSkewMsMax = 20'000;

/// Both clocks of the client. Its wall clock may be wrong; the cluster's is true.
class SimClock final : public Clock {
 public:
  int64_t wall_us() const override { return (now_ms_ + skew_ms_) * 1000; }
  int64_t steady_ms() const override { return now_ms_; }
  void sleep_ms(int64_t ms) const override { now_ms_ += ms > 0 ? ms : 0; }

  int64_t true_ms() const { return now_ms_; }
  void set_skew_ms(int64_t skew_ms) { skew_ms_ = skew_ms; }

 private:
  mutable int64_t now_ms_ = 1'700'000'000'000;
  int64_t skew_ms_ = 0;
};

}  // namespace ringsync::simulation
