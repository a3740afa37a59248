#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace ringsync {
namespace {

LogFormat g_format = LogFormat::kText;

std::mutex g_writer_mutex;
LogWriter g_writer;

/// Standard error, or what stands in for it.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::lock_guard lock(g_writer_mutex);  // the formatter is not thread-safe either
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (g_writer) {
      g_writer({line.data(), line.size()});
      return;
    }
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  void flush_() override { std::fflush(stderr); }
};

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// Without a code where that is empty.
void write(LogLevel level, std::string_view code, std::string_view message) {
  std::string line;
  if (g_format == LogFormat::kJson) {
    // Replaces bytes that are not UTF-8: a server's message must not break the line.
    const std::string text = nlohmann::json(std::string(message))
                                 .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (!code.empty()) line = fmt::format(R"("code":"{}",)", code);
    line += fmt::format(R"("message":{})", text);
  } else {
    line = code.empty() ? fmt::format(" {}", message) : fmt::format("[{}]: {}", code, message);
  }
  spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(line));
}

}  // namespace

void set_up_logging(LogLevel level, LogFormat format) {
  auto logger = std::make_shared<spdlog::logger>("ringsync", std::make_shared<LineSink>());
  logger->set_level(spdlog_level(level));
  // In JSON the fields arrive as JSON already (see write).
  logger->set_pattern(format == LogFormat::kJson
                          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                          : "%Y-%m-%dT%H:%M:%S.%eZ %l%v",
                      spdlog::pattern_time_type::utc);
  g_format = format;
  spdlog::set_default_logger(std::move(logger));
}

void set_log_writer(LogWriter writer) {
  const std::lock_guard lock(g_writer_mutex);
  g_writer = std::move(writer);
}

bool log_enabled(LogLevel level) { return spdlog::should_log(spdlog_level(level)); }

void write_log(LogLevel level, std::string_view message) { write(level, {}, message); }

void log_error(const Error& error) {
  write(LogLevel::kError, to_string(error.code), error.message);
}

}  // namespace ringsync
