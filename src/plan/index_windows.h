// IndexWindows: the windows (start, end] of the cursor that an incremental read by index goes
// through, one after another, and whether that is still the cheaper way. Pure; delivering thread.
#pragma once

#include <cstdint>
#include <optional>

#include "plan/read_costs.h"
#include "plan/splits.h"

namespace ringsync {

struct WindowOptions {
  int64_t width_ms = int64_t{6} * 3'600'000;  // more than 0
  uint32_t page_rows = 5000;
  TableEstimate table;
  ClusterShape cluster;
  ReadCosts costs;
};

/// What the rest of a read is estimated to take.
struct ReadEstimate {
  uint64_t windows = 0;  // at most so many, the current one included
  double index_seconds = 0;
  double scan_seconds = 0;

  bool index_is_cheaper() const { return index_seconds < scan_seconds; }
};

/// Every window has the given width but the last, which begins at or before `until` and has no end:
/// a row that is updated while its window is read, or is dated in the future, is met there. After a
/// window without a row the next is twice as wide, so that a quiet year is a dozen reads; the next
/// row brings the width back.
class IndexWindows {
 public:
  /// Begins at `after_ms`, exclusive. `end_ms`: end of a window under way that a saved run left.
  IndexWindows(int64_t after_ms, int64_t until_ms, std::optional<int64_t> end_ms,
               const WindowOptions& options);

  int64_t after_ms() const { return after_ms_; }
  /// End of the current window, inclusive; none where it is the last.
  std::optional<int64_t> end_ms() const { return end_ms_; }
  /// Windows read to their ends.
  uint32_t windows_done() const { return windows_done_; }

  /// Rows of the current window that were met.
  void met(uint64_t rows) { window_rows_ += rows; }

  /// The current window is read to its end; false where it was the last.
  bool advance();

  /// Of the current window, which holds `window_rows` rows as far as is known, and those behind it,
  /// which are taken to be as full as those read.
  ReadEstimate estimate(double window_rows = 0) const;

  /// Share of the span from the first start to `until` that is read, 0 to 1.
  double share_done() const;

 private:
  void open_window();
  uint64_t windows_left() const;

  WindowOptions options_;
  int64_t first_after_ms_;
  int64_t after_ms_;
  int64_t until_ms_;
  int64_t width_ms_;
  std::optional<int64_t> end_ms_;
  uint64_t window_rows_ = 0;
  uint64_t rows_done_ = 0;  // in windows read to their ends
  uint32_t windows_done_ = 0;
};

}  // namespace ringsync
