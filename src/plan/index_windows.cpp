#include "plan/index_windows.h"

#include <algorithm>

namespace ringsync {

IndexWindows::IndexWindows(int64_t after_ms, int64_t until_ms, std::optional<int64_t> end_ms,
                           const WindowOptions& options)
    : options_(options),
      first_after_ms_(after_ms),
      after_ms_(after_ms),
      until_ms_(until_ms),
      width_ms_(std::max<int64_t>(options.width_ms, 1)) {
  options_.width_ms = width_ms_;
  open_window();
  if (end_ms) end_ms_ = end_ms;
}

void IndexWindows::open_window() {
  end_ms_.reset();
  // A window that would end at `until` or later is the last.
  if (after_ms_ < until_ms_ && until_ms_ - after_ms_ > width_ms_) end_ms_ = after_ms_ + width_ms_;
}

bool IndexWindows::advance() {
  ++windows_done_;
  rows_done_ += window_rows_;
  if (!end_ms_) return false;
  const int64_t span_ms = std::max<int64_t>(until_ms_ - *end_ms_, 1);
  width_ms_ = window_rows_ == 0 ? std::min(width_ms_ * 2, std::max(span_ms, options_.width_ms))
                                : options_.width_ms;
  window_rows_ = 0;
  after_ms_ = *end_ms_;
  open_window();
  return true;
}

uint64_t IndexWindows::windows_left() const {
  if (!end_ms_) return 1;
  const int64_t behind_ms = std::max<int64_t>(until_ms_ - *end_ms_, 0);
  return 1 + std::max<uint64_t>(static_cast<uint64_t>((behind_ms + width_ms_ - 1) / width_ms_), 1);
}

ReadEstimate IndexWindows::estimate(double window_rows) const {
  const double read_ms = static_cast<double>(after_ms_ - first_after_ms_);
  const double rows_per_ms = read_ms > 0 ? static_cast<double>(rows_done_) / read_ms : 0;
  const double behind_ms =
      end_ms_ ? static_cast<double>(std::max<int64_t>(until_ms_ - *end_ms_, 0)) : 0;
  ReadEstimate estimate;
  estimate.windows = windows_left();
  estimate.index_seconds =
      index_read_seconds(estimate.windows, window_rows + rows_per_ms * behind_ms,
                         options_.page_rows, options_.cluster, options_.costs);
  estimate.scan_seconds = scan_read_seconds(options_.table, options_.cluster, options_.costs);
  return estimate;
}

double IndexWindows::share_done() const {
  const int64_t span_ms = until_ms_ - first_after_ms_;
  if (span_ms <= 0) return 0;
  return std::min(static_cast<double>(after_ms_ - first_after_ms_) / static_cast<double>(span_ms),
                  1.0);
}

}  // namespace ringsync
