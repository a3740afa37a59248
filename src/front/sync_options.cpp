#include "front/sync_options.h"

#include "base/clock.h"
#include "front/open_source.h"

namespace ringsync {

SyncOptions sync_options(const Configuration& configuration) {
  SyncOptions options;
  options.cursor_column = configuration.cursor_column;
  options.lag_ms = int64_t{configuration.lag_seconds} * 1000;
  options.overlap_ms = int64_t{configuration.overlap_seconds} * 1000;
  options.checkpoint_interval_rows = configuration.checkpoint_interval;
  options.page_rows_max = configuration.page_size;
  options.in_flight_max = configuration.max_in_flight;
  options.window_ms = int64_t{configuration.interval_hours} * 3'600'000;
  options.use_indexes = configuration.index_reads == IndexReads::kAuto;
  options.initial_start_ms = configuration.initial_sync_start_ms;
  options.rows_per_second_max = configuration.max_rows_per_second;
  options.retry.give_up_after_ms = int64_t{configuration.retry_seconds} * 1000;
  options.seed = static_cast<uint64_t>(SystemClock().wall_us());
  options.select = [&configuration](const std::vector<std::string>& discovered) {
    return select_tables(configuration, discovered);
  };
  return options;
}

}  // namespace ringsync
