#include "cli/quantities.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace ringsync {

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t place = text.size(); place > 3;) {
    place -= 3;
    text.insert(place, ",");
  }
  return text;
}

std::string byte_text(uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  // 999.95 would be shown as 1000.0.
  while (amount >= 999.95 && unit + 1 < kUnits.size()) {
    amount /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string duration_text(double seconds) {
  // Beyond any sync; also keeps the conversion defined.
  constexpr double kSecondsMax = 1e9;
  if (!(seconds > 0)) return "0.0 s";
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<uint64_t>(std::lround(std::fmin(seconds, kSecondsMax)));
  if (whole < 60) return fmt::format("{} s", whole);
  const uint64_t minutes = whole / 60;
  if (minutes < 60) return fmt::format("{}:{:02}", minutes, whole % 60);
  return fmt::format("{}:{:02}:{:02}", minutes / 60, minutes % 60, whole % 60);
}

uint64_t rate(uint64_t rows, double seconds) {
  if (!(seconds > 0)) return 0;
  const double a_second = static_cast<double>(rows) / seconds;
  return a_second < 1e18 ? static_cast<uint64_t>(std::llround(a_second)) : 0;
}

}  // namespace ringsync
