#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace ringsync {
namespace {

LogFormat g_format = LogFormat::kText;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void set_up_logging(LogLevel level, LogFormat format) {
  auto logger = std::make_shared<spdlog::logger>(
      "ringsync", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog_level(level));
  // In JSON the message arrives as a quoted JSON string already (see write_log).
  logger->set_pattern(format == LogFormat::kJson
                          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})"
                          : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                      spdlog::pattern_time_type::utc);
  g_format = format;
  spdlog::set_default_logger(std::move(logger));
}

bool log_enabled(LogLevel level) { return spdlog::should_log(spdlog_level(level)); }

void write_log(LogLevel level, std::string_view message) {
  if (g_format == LogFormat::kJson) {
    // Replaces bytes that are not UTF-8: a server's message must not break the line.
    const std::string line = nlohmann::json(std::string(message))
                                 .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(line));
    return;
  }
  spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(message));
}

}  // namespace ringsync
