#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/error_catalogue.h"

namespace ringsync {
namespace {

LogFormat g_format = LogFormat::kText;
thread_local const LogScope* t_scope = nullptr;

std::mutex g_writer_mutex;
LogWriter g_writer;

/// The format's stream, or what stands in for it.
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
    std::FILE* const stream = g_format == LogFormat::kFivetran ? stdout : stderr;
    std::fwrite(line.data(), 1, line.size(), stream);
    std::fflush(stream);
  }
  void flush_() override {}
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

/// As JSON text, with bytes that are not UTF-8 replaced: a server's message must not break the
/// line.
std::string json_text(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Fivetran's names of levels.
const char* fivetran_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
    case LogLevel::kInfo: return "INFO";
    case LogLevel::kWarning: return "WARNING";
    case LogLevel::kError: return "SEVERE";
  }
  return "INFO";
}

std::string in_fivetrans_form(LogLevel level, const std::string& message) {
  return fmt::format(R"({{"level":"{}","message":{},"message-origin":"sdk_connector"}})",
                     fivetran_level(level), json_text(message));
}

std::string formatted(LogLevel level, std::string_view code, std::string_view message) {
  switch (g_format) {
    case LogFormat::kFivetran:
      return in_fivetrans_form(
          level,
          fmt::format("{}{}", code.empty() ? "" : fmt::format("error[{}]: ", code), message));
    case LogFormat::kJson:
      return fmt::format(R"({}"message":{})",
                         code.empty() ? "" : fmt::format(R"("code":"{}",)", code),
                         json_text(message));
    case LogFormat::kText: break;
  }
  return code.empty() ? fmt::format(" {}", message) : fmt::format("[{}]: {}", code, message);
}

/// Without a code where that is empty.
void write(LogLevel level, std::string_view code, std::string_view message) {
  std::string prefixed;
  if (t_scope != nullptr) {
    t_scope->on_line(level, message);
    prefixed = t_scope->prefix();
  }
  const std::string line = formatted(level, code, prefixed.append(message));
  spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(line));
}

/// What stands around a line. In JSON the fields arrive as JSON already (see formatted).
const char* pattern(LogFormat format) {
  switch (format) {
    case LogFormat::kJson: return R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
    case LogFormat::kFivetran: return "%v";
    case LogFormat::kText: break;
  }
  return "%Y-%m-%dT%H:%M:%S.%eZ %l%v";
}

}  // namespace

void set_up_logging(LogLevel level, LogFormat format) {
  auto logger = std::make_shared<spdlog::logger>("ringsync", std::make_shared<LineSink>());
  logger->set_level(spdlog_level(level));
  logger->set_pattern(pattern(format), spdlog::pattern_time_type::utc);
  g_format = format;
  spdlog::set_default_logger(std::move(logger));
}

void set_log_writer(LogWriter writer) {
  const std::lock_guard lock(g_writer_mutex);
  g_writer = std::move(writer);
}

LogScope::LogScope(std::string prefix, Observer observer)
    : prefix_(std::move(prefix)), observer_(std::move(observer)) {
  t_scope = this;
}

LogScope::~LogScope() { t_scope = nullptr; }

void LogScope::on_line(LogLevel level, std::string_view message) const {
  if (level == LogLevel::kWarning && observer_) observer_(message);
}

bool log_enabled(LogLevel level) { return spdlog::should_log(spdlog_level(level)); }

void write_log(LogLevel level, std::string_view message) { write(level, {}, message); }

std::string fivetran_line(const Error& error) {
  return in_fivetrans_form(LogLevel::kError, coded_text(error)) + '\n';
}

void log_error(const Error& error) {
  write(LogLevel::kError, to_string(error.code), error.message);
}

}  // namespace ringsync
