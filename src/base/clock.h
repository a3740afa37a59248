// Clock: the only way the sync engine learns the time, so that a simulation can own it.
#pragma once

#include <cstdint>

namespace ringsync {

/// Thread rule: every method may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time, microseconds since 1970-01-01T00:00:00Z.
  virtual int64_t wall_us() const = 0;
  /// Monotonic time in milliseconds; its origin is unspecified.
  virtual int64_t steady_ms() const = 0;
  /// Returns when so much monotonic time has passed; at once where `ms` is 0 or less.
  virtual void sleep_ms(int64_t ms) const = 0;
};

/// The machine's own clocks.
class SystemClock final : public Clock {
 public:
  int64_t wall_us() const override;
  int64_t steady_ms() const override;
  void sleep_ms(int64_t ms) const override;
};

}  // namespace ringsync
