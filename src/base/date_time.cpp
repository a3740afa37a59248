#include "base/date_time.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace ringsync {
namespace {

namespace chrono = std::chrono;

/// Takes a text apart from its front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `digits` digits; none where there are others.
  std::optional<int> number(size_t digits) {
    int value = 0;
    const char* const end = rest_.data() + std::min(digits, rest_.size());
    const auto [stop, code] = std::from_chars(rest_.data(), end, value);
    if (rest_.size() < digits || code != std::errc() || stop != end || value < 0) return {};
    if (rest_.front() == '-') return {};
    rest_.remove_prefix(digits);
    return value;
  }
  size_t digits_ahead() const {
    const size_t end = rest_.find_first_not_of("0123456789");
    return std::min(end, rest_.size());
  }

 private:
  std::string_view rest_;
};

std::optional<int64_t> date_ms(Scanner& text) {
  const auto year = text.number(4);
  if (!year || !text.take('-')) return {};
  const auto month = text.number(2);
  if (!month || !text.take('-')) return {};
  const auto day = text.number(2);
  if (!day) return {};
  const chrono::year_month_day date{chrono::year(*year),
                                    chrono::month(static_cast<unsigned>(*month)),
                                    chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  return chrono::milliseconds(chrono::sys_days(date).time_since_epoch()).count();
}

std::optional<int64_t> minutes_ms(Scanner& text, int hours_max) {
  const auto hours = text.number(2);
  if (!hours || *hours > hours_max || !text.take(':')) return {};
  const auto minutes = text.number(2);
  if (!minutes || *minutes > 59) return {};
  return (int64_t{*hours} * 60 + *minutes) * 60'000;
}

std::optional<int64_t> time_ms(Scanner& text) {
  auto time = minutes_ms(text, 23);
  if (!time || !text.take(':')) return time;
  const auto seconds = text.number(2);
  if (!seconds || *seconds > 59) return {};
  *time += int64_t{*seconds} * 1000;
  if (!text.take('.')) return time;
  const size_t digits = text.digits_ahead();
  if (digits == 0 || digits > 9) return {};
  int64_t fraction_ns = *text.number(digits);
  for (size_t i = digits; i < 9; ++i) fraction_ns *= 10;
  return *time + fraction_ns / 1'000'000;
}

/// How far the text's zone is ahead of UTC.
std::optional<int64_t> offset_ms(Scanner& text) {
  if (text.at_end() || text.take('Z') || text.take('z')) return 0;
  const bool behind = text.peek() == '-';
  if (!text.take('-') && !text.take('+')) return {};
  const auto offset = minutes_ms(text, 14);
  if (!offset) return {};
  return behind ? -*offset : *offset;
}

}  // namespace

std::optional<int64_t> parse_date_time_ms(std::string_view written) {
  Scanner text(written);
  auto moment = date_ms(text);
  if (!moment || text.at_end()) return moment;
  if (!text.take('T') && !text.take('t') && !text.take(' ')) return {};
  const auto time = time_ms(text);
  if (!time) return {};
  const auto offset = offset_ms(text);
  if (!offset || !text.at_end()) return {};
  return *moment + *time - *offset;
}

}  // namespace ringsync
