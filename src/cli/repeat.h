// `--every`: rounds of a sync at a fixed distance, until somebody asks for an end or a round meets
// what no later one could do better. Thread rule: the calling thread does everything.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "cli/exit_codes.h"

namespace ringsync {

struct Rounds {
  int64_t interval_ms = 0;  // from start to start; above zero
  std::function<Result<ExitCode>()> run_one;
  /// Called when a round has ended, before anything is said of the wait: an end that is asked for
  /// from here on is found by `wait`.
  std::function<void()> begin_wait;
  /// Waits so long; true where an end was asked for meanwhile, or before.
  std::function<bool(int64_t ms)> wait;
};

/// Runs rounds; the first at once, each other one `interval_ms` after the start of the one before,
/// or at once where that is past already. An error that may be gone by the next round is logged and
/// ends that round only. Returns the exit code of the last round, or the error that ended the loop.
Result<ExitCode> repeat(const Rounds& rounds, const Clock& clock);

/// A duration as "90s", "15m", "2h" or "1d" in milliseconds: a whole number above zero and its
/// unit, up to a year. Error kUsage says only what is wrong and what to write.
Result<int64_t> parse_interval_ms(std::string_view text);

}  // namespace ringsync
