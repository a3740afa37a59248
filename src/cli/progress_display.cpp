#include "cli/progress_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

namespace ringsync {
namespace {

constexpr int64_t kLogIntervalMs = 5'000;

class BarsDisplay final : public ProgressDisplay {
 public:
  explicit BarsDisplay(Terminal terminal) : terminal_(std::move(terminal)) {
    set_log_writer([this](std::string_view line) { write_above(line); });
  }
  ~BarsDisplay() override { set_log_writer({}); }
  BarsDisplay(const BarsDisplay&) = delete;
  BarsDisplay& operator=(const BarsDisplay&) = delete;

  void show(const ProgressSnapshot& progress) override {
    const std::lock_guard lock(mutex_);
    draw(progress);
  }

  void end(const ProgressSnapshot& progress) override {
    {
      const std::lock_guard lock(mutex_);
      draw(progress);
      bars_.clear();
      bar_lines_ = 0;  // what stands there stays
    }
    set_log_writer({});
  }

 private:
  void draw(const ProgressSnapshot& progress) {
    const std::string before = clear_sequence();
    bars_.clear();
    bar_lines_ = 0;
    for (const std::string& line : render_bars(progress, terminal_.style())) {
      bars_ += line + '\n';
      ++bar_lines_;
    }
    terminal_.write(before + bars_);
  }

  void write_above(std::string_view line) {
    const std::lock_guard lock(mutex_);
    terminal_.write(fmt::format("{}{}{}", clear_sequence(), line, bars_));
  }

  /// To the first bar's start, everything from there on erased.
  std::string clear_sequence() const {
    return bar_lines_ == 0 ? "" : fmt::format("\x1b[{}A\r\x1b[J", bar_lines_);
  }

  Terminal terminal_;
  std::mutex mutex_;  // over all below, and over writing
  std::string bars_;  // as they stand on the terminal
  size_t bar_lines_ = 0;
};

class LogDisplay final : public ProgressDisplay {
 public:
  explicit LogDisplay(int64_t interval_ms) : lines_(interval_ms) {}
  void show(const ProgressSnapshot& progress) override {
    for (const std::string& line : lines_.next(progress)) log_info("{}", line);
  }
  void end(const ProgressSnapshot& progress) override { show(progress); }

 private:
  ProgressLines lines_;
};

class NoDisplay final : public ProgressDisplay {
 public:
  void show(const ProgressSnapshot&) override {}
  void end(const ProgressSnapshot&) override {}
};

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// POSIX: LC_ALL before LC_CTYPE before LANG; the first that is set decides.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = environment(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos ||
           value.find("utf8") != std::string_view::npos;
  }
  return false;
}

TerminalStyle standard_error_style() {
  TerminalStyle style;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style.width = size.ws_col;
    if (size.ws_row > 0) {
      // Bars that reach the top of the window could not be erased.
      style.lines_max = std::clamp<size_t>(size.ws_row - size_t{1}, 2, style.lines_max);
    }
  }
  style.colour = environment("NO_COLOR").empty();
  style.unicode = locale_is_utf8();
  return style;
}

void write_standard_error(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a terminal that is gone: progress is not worth an error
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

std::unique_ptr<ProgressDisplay> make_bars_display(Terminal terminal) {
  return std::make_unique<BarsDisplay>(std::move(terminal));
}

std::unique_ptr<ProgressDisplay> make_log_display(int64_t interval_ms) {
  return std::make_unique<LogDisplay>(interval_ms);
}

ProgressMode decided(ProgressMode mode, LogFormat log_format, bool is_terminal) {
  if (mode != ProgressMode::kAuto) return mode;
  return is_terminal && log_format == LogFormat::kText ? ProgressMode::kBars : ProgressMode::kLog;
}

std::unique_ptr<ProgressDisplay> make_progress_display(ProgressMode mode, LogFormat log_format) {
  const bool is_terminal = isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb";
  switch (decided(mode, log_format, is_terminal)) {
    case ProgressMode::kBars:
      return make_bars_display({write_standard_error, standard_error_style});
    case ProgressMode::kLog: return make_log_display(kLogIntervalMs);
    case ProgressMode::kAuto:
    case ProgressMode::kNone: break;
  }
  return std::make_unique<NoDisplay>();
}

}  // namespace ringsync
