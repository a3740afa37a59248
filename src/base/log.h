// Logging: levels; text or JSON lines on standard error, or Fivetran's lines on standard output.
// Never pass it row data or secrets.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringsync {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat {
  kText,
  kJson,
  kFivetran,  // as Fivetran's platform collects them: JSON lines of level, message and origin
};

/// Sets level and format of the whole process. Call once, before other threads start.
void set_up_logging(LogLevel level, LogFormat format);

/// Writes one finished line, its line break included, in place of standard error; empty: standard
/// error again. For a display that shares the terminal. The writer is called by one thread at a
/// time, must not log, and is called no more once this function has returned with another.
using LogWriter = std::function<void(std::string_view line)>;
void set_log_writer(LogWriter writer);

/// Writes one line, already formatted. Thread-safe.
void write_log(LogLevel level, std::string_view message);

/// Writes an error with its code: "error[timeout]: …", or a field "code" in JSON. Thread-safe.
void log_error(const Error& error);

/// Such a line in Fivetran's form, its line break included, for a moment when none can be made.
std::string fivetran_line(const Error& error);

/// While it lives, what this thread logs begins with `prefix`, and `observer` is given each
/// warning, without the prefix. For one of many calls that share a process. Made and ended by one
/// thread; one at a time a thread.
class LogScope {
 public:
  using Observer = std::function<void(std::string_view warning)>;

  explicit LogScope(std::string prefix, Observer observer = {});
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  const std::string& prefix() const { return prefix_; }
  void on_line(LogLevel level, std::string_view message) const;

 private:
  const std::string prefix_;
  const Observer observer_;
};

/// True where a line of this level would be written.
bool log_enabled(LogLevel level);

template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kDebug)) {
    write_log(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kInfo)) {
    write_log(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  write_log(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace ringsync
