#include "cli/repeat.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "cli/quantities.h"

namespace ringsync {
namespace {

constexpr int64_t kIntervalMaxMs = int64_t{366} * 86'400'000;

/// True where only the user can help, so that rounds would fail for ever. A log-in that is refused
/// is not among them: a cluster that starts may refuse it for a while.
bool needs_the_user(ErrorCode code) {
  switch (catalogue_entry(code).kind) {
    case ErrorClass::kUsage:
    case ErrorClass::kState:
    case ErrorClass::kInternal:
    case ErrorClass::kInterrupted: return true;
    case ErrorClass::kSource: return code == ErrorCode::kUnknownTable;
    case ErrorClass::kDestination: return code == ErrorCode::kDriver;
    case ErrorClass::kTable: break;
  }
  return false;
}

int64_t unit_ms(char unit) {
  switch (unit) {
    case 's': return 1000;
    case 'm': return 60'000;
    case 'h': return 3'600'000;
    case 'd': return 86'400'000;
    default: return 0;
  }
}

}  // namespace

Result<ExitCode> repeat(const Rounds& rounds, const Clock& clock) {
  for (;;) {
    const int64_t started_ms = clock.steady_ms();
    auto outcome = rounds.run_one();
    rounds.begin_wait();
    if (!outcome.ok() && needs_the_user(outcome.error().code)) return outcome;
    if (!outcome.ok()) log_error(outcome.error());
    const ExitCode last = outcome.ok() ? *outcome : exit_code(outcome.error().code);
    if (last == kExitInterrupted) return last;
    const int64_t took_ms = clock.steady_ms() - started_ms;
    const int64_t wait_ms = rounds.interval_ms - took_ms;
    if (wait_ms <= 0) {
      log_warning("the sync took {}, longer than the {} of --every: the next one starts at once",
                  duration_text(static_cast<double>(took_ms) / 1000),
                  duration_text(static_cast<double>(rounds.interval_ms) / 1000));
    } else {
      log_info("next sync in {}", duration_text(static_cast<double>(wait_ms) / 1000));
    }
    if (rounds.wait(wait_ms > 0 ? wait_ms : 0)) return last;
  }
}

Result<int64_t> parse_interval_ms(std::string_view text) {
  const Error wrong{ErrorCode::kUsage,
                    fmt::format("\"{}\" is no interval; write a whole number and s, m, h or d, as "
                                "30s, 15m, 2h or 1d, up to a year",
                                text)};
  if (text.size() < 2) return wrong;
  int64_t number = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  const int64_t unit = unit_ms(text.back());
  if (failure != std::errc() || rest != end || number <= 0 || unit == 0) return wrong;
  if (number > kIntervalMaxMs / unit) return wrong;
  return number * unit;
}

}  // namespace ringsync
