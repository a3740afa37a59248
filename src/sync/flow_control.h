// FlowControl: how many scans run at once and how many rows a page may have. Falls by half when the
// cluster times out or sheds load, recovers step by step while pages arrive. Pure; delivering
// thread.
#pragma once

#include <cstdint>
#include <optional>

namespace ringsync {

class FlowControl {
 public:
  FlowControl(uint32_t in_flight_max, uint32_t page_rows_max);

  uint32_t in_flight() const { return in_flight_; }
  uint32_t page_rows() const { return page_rows_; }

  /// A page has arrived.
  void on_page();
  /// The cluster could not keep up: a time-out or Overloaded at `now_ms` (steady). Scans fail
  /// together, so several within a second count once.
  void on_overload(int64_t now_ms);

 private:
  const uint32_t in_flight_max_;
  const uint32_t page_rows_max_;
  uint32_t in_flight_;
  uint32_t page_rows_;
  uint32_t pages_since_change_ = 0;
  std::optional<int64_t> fell_at_ms_;
};

/// When a failed scan is tried again.
struct RetryPolicy {
  int64_t delay_first_ms = 200;
  int64_t delay_max_ms = 10'000;
  /// A scan is given up after failing for so long without a page between, and so often at least: a
  /// node that is gone for a minute is waited for, and with 30 s a request, which the first failure
  /// may take to show, it ends within two minutes.
  int64_t give_up_after_ms = 75'000;
  uint32_t attempts_min = 3;

  /// True where a scan that has failed so often in a row, the first time so long ago, is given up.
  bool is_over(uint32_t failures, int64_t failing_ms) const {
    return failures >= attempts_min && failing_ms >= give_up_after_ms;
  }

  /// Delay before attempt number `attempt` (1: the first repetition): exponential, and between half
  /// and all of it by `random`, so that scans that failed together do not return together.
  int64_t delay_ms(uint32_t attempt, uint64_t random) const;
};

}  // namespace ringsync
