#include "sync/flow_control.h"

#include <algorithm>

namespace ringsync {
namespace {

constexpr uint32_t kPagesToRecover = 16;
constexpr uint32_t kPageRowsMin = 50;
constexpr int64_t kFallIntervalMs = 1000;

}  // namespace

FlowControl::FlowControl(uint32_t in_flight_max, uint32_t page_rows_max)
    : in_flight_max_(std::max<uint32_t>(in_flight_max, 1)),
      page_rows_max_(std::max<uint32_t>(page_rows_max, 1)),
      in_flight_(in_flight_max_),
      page_rows_(page_rows_max_) {}

void FlowControl::on_page() {
  if (in_flight_ == in_flight_max_ && page_rows_ == page_rows_max_) return;
  if (++pages_since_change_ < kPagesToRecover) return;
  pages_since_change_ = 0;
  in_flight_ = std::min(in_flight_ + 1, in_flight_max_);
  page_rows_ = std::min(page_rows_ + std::max<uint32_t>(page_rows_ / 2, 1), page_rows_max_);
}

void FlowControl::on_overload(int64_t now_ms) {
  if (fell_at_ms_ && now_ms - *fell_at_ms_ < kFallIntervalMs) return;
  fell_at_ms_ = now_ms;
  pages_since_change_ = 0;
  in_flight_ = std::max<uint32_t>(in_flight_ / 2, 1);
  page_rows_ = std::max<uint32_t>(page_rows_ / 2, std::min(kPageRowsMin, page_rows_max_));
}

int64_t RetryPolicy::delay_ms(uint32_t attempt, uint64_t random) const {
  const uint32_t doublings = std::min<uint32_t>(attempt > 0 ? attempt - 1 : 0, 20);
  const int64_t full = std::min(delay_first_ms << doublings, delay_max_ms);
  const auto half = static_cast<uint64_t>(full / 2);
  return full - static_cast<int64_t>(half == 0 ? 0 : random % (half + 1));
}

}  // namespace ringsync
