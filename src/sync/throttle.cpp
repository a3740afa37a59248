#include "sync/throttle.h"

#include <algorithm>
#include <cmath>

namespace ringsync {
namespace {

constexpr double kBurstMs = 100;
constexpr uint32_t kPagesInEncoder = 2;
// A scan of its own is worth it from so many rows a second on.
constexpr uint32_t kRowsPerScan = 5000;

}  // namespace

Throttle::Throttle(uint32_t rows_per_second, int64_t now_ms)
    : rows_per_ms_(rows_per_second / 1000.0), filled_ms_(now_ms) {}

double Throttle::credit_at(int64_t now_ms) const {
  const auto passed_ms = static_cast<double>(std::max<int64_t>(now_ms - filled_ms_, 0));
  return std::min(credit_ + passed_ms * rows_per_ms_, kBurstMs * rows_per_ms_);
}

void Throttle::take(uint64_t rows, int64_t now_ms) {
  credit_ = credit_at(now_ms) - static_cast<double>(rows);
  filled_ms_ = now_ms;
}

int64_t Throttle::wait_ms(int64_t now_ms) const {
  if (rows_per_ms_ == 0) return 0;
  const double credit = credit_at(now_ms);
  return credit >= 0 ? 0 : static_cast<int64_t>(std::ceil(-credit / rows_per_ms_));
}

ReadLimits throttled(ReadLimits limits, uint32_t rows_per_second) {
  limits.in_flight = std::clamp<uint32_t>(rows_per_second / kRowsPerScan, 1, limits.in_flight);
  limits.queue_pages = 1;
  const uint32_t pages = limits.in_flight + limits.queue_pages + kPagesInEncoder;
  limits.page_rows = std::clamp<uint32_t>(rows_per_second / pages, 1, limits.page_rows);
  return limits;
}

}  // namespace ringsync
