#include "python/core/log_lines.h"

#include <fmt/format.h>

#include <deque>
#include <mutex>

#include "base/log.h"

namespace ringsync::python {
namespace {

constexpr size_t kLinesMax = 10'000;

struct Lines {
  std::mutex mutex;
  std::deque<std::string> waiting;
  size_t lost = 0;
};

Lines& lines() {
  static auto* const lines = new Lines;  // threads may log while the process ends
  return *lines;
}

void add(std::string_view line) {
  Lines& kept = lines();
  const std::lock_guard lock(kept.mutex);
  if (kept.waiting.size() == kLinesMax) {
    kept.waiting.pop_front();
    ++kept.lost;
  }
  kept.waiting.emplace_back(line);
}

}  // namespace

void collect_log_lines() {
  set_up_logging(LogLevel::kInfo, LogFormat::kJson);
  set_log_writer(add);
}

std::vector<std::string> take_log_lines() {
  Lines& kept = lines();
  const std::lock_guard lock(kept.mutex);
  std::vector<std::string> taken;
  if (kept.lost > 0) {
    taken.push_back(
        fmt::format(R"({{"level":"warning","message":"{} older log lines are lost"}})", kept.lost));
  }
  taken.insert(taken.end(), kept.waiting.begin(), kept.waiting.end());
  kept.waiting.clear();
  kept.lost = 0;
  return taken;
}

}  // namespace ringsync::python
