// The limit of rows a second: how long to wait, and how small pages and how few scans must be so
// that no second's worth comes at once. Pure; delivering thread.
#pragma once

#include <cstdint>

namespace ringsync {

/// A token bucket that may be overdrawn by one page, and holds a tenth of a second at most.
class Throttle {
 public:
  /// `rows_per_second` 0: no limit. Begins without credit at `now_ms` (steady).
  Throttle(uint32_t rows_per_second, int64_t now_ms);

  /// Rows have come.
  void take(uint64_t rows, int64_t now_ms);
  /// How long no page may be taken; 0: one may be taken now.
  int64_t wait_ms(int64_t now_ms) const;

 private:
  double credit_at(int64_t now_ms) const;

  double rows_per_ms_;
  double credit_ = 0;  // rows, at filled_ms_; less than 0: overdrawn
  int64_t filled_ms_;
};

/// What decides how many rows the source may have sent before they are wanted.
struct ReadLimits {
  uint32_t in_flight = 1;  // scans, each with a page on its way
  uint32_t page_rows = 5000;
  uint32_t queue_pages = 4;  // pages that wait for the encoders
};

/// The limits lowered so that all pages on their way together have about a second's rows at most;
/// one row a page at least. Assumes an encoder that holds one page and takes one more.
ReadLimits throttled(ReadLimits limits, uint32_t rows_per_second);

}  // namespace ringsync
