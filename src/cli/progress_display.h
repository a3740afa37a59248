// Progress on standard error: bars that are drawn anew on a terminal, or log lines. The engine's
// snapshots come in, nothing goes back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/log.h"
#include "cli/progress_text.h"
#include "sync/progress.h"

namespace ringsync {

enum class ProgressMode : uint8_t {
  kAuto,  // bars where standard error is a terminal and the log is text, else log lines
  kBars,
  kLog,
  kNone,
};

/// Thread rule: show() and end() by one thread; log lines may be written by any thread meanwhile.
class ProgressDisplay {
 public:
  virtual ~ProgressDisplay() = default;
  /// Shows the present state. Cheap enough to be called some ten times a second.
  virtual void show(const ProgressSnapshot& progress) = 0;
  /// Shows the last state and gives the terminal back. The destructor does the latter too.
  virtual void end(const ProgressSnapshot& progress) = 0;
};

/// How a display of bars reaches its terminal; a test brings its own.
struct Terminal {
  std::function<void(std::string_view)> write;  // all of it at once
  std::function<TerminalStyle()> style;         // asked before each drawing: windows are resized
};

/// Bars. Takes over the log's lines (set_log_writer) until it ends: each is written above the bars.
/// At most one may exist at a time.
std::unique_ptr<ProgressDisplay> make_bars_display(Terminal terminal);

/// Log lines at level info: one when a table ends, and about the whole every `interval_ms`.
std::unique_ptr<ProgressDisplay> make_log_display(int64_t interval_ms);

/// The display that `mode` asks for, on standard error.
std::unique_ptr<ProgressDisplay> make_progress_display(ProgressMode mode, LogFormat log_format);

/// kAuto decided; every other mode stays.
ProgressMode decided(ProgressMode mode, LogFormat log_format, bool is_terminal);

}  // namespace ringsync
