// Progress as text: from a snapshot to the lines of a terminal or of a log. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sync/progress.h"

namespace ringsync {

/// What the terminal can show.
struct TerminalStyle {
  size_t width = 80;      // columns
  size_t lines_max = 10;  // at least 2
  bool colour = false;    // escape sequences for colours
  bool unicode = false;   // characters beyond ASCII
};

/// A bar for each table being read, as many as fit, and under them one line about all tables. No
/// line is wider than style.width - 1 columns, so that none wraps.
std::vector<std::string> render_bars(const ProgressSnapshot& progress, const TerminalStyle& style);

/// One line about a table: rows, rows a second, share of the ring, time left.
std::string table_line(const TableProgress& table);

/// One line about all tables together.
std::string totals_line(const ProgressSnapshot& progress);

/// Which lines a log gets: one when a table ends, and every `interval_ms` one about the whole. Not
/// thread-safe.
class ProgressLines {
 public:
  explicit ProgressLines(int64_t interval_ms) : interval_ms_(interval_ms) {}
  /// The lines due since the call before.
  std::vector<std::string> next(const ProgressSnapshot& progress);

 private:
  int64_t interval_ms_;
  int64_t last_totals_ms_ = 0;
  std::vector<TablePhase> states_;  // by the snapshot's order
};

}  // namespace ringsync
