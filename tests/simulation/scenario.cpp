#include "scenario.h"

#include "clock.h"

namespace ringsync::simulation {
namespace {

/// 0 in most cases, else up to `most`.
double some_rate(Random& random, double used, double most) {
  const double share = static_cast<double>(random.below(1000)) / 1000.0;
  return random.chance(used) ? share * most : 0;
}

std::string some_table(Random& random, double used) {
  return random.chance(used) ? "t" + std::to_string(random.below(5)) : "";
}

}  // namespace

Scenario make_scenario(Random& random, std::optional<DestinationKind> destination) {
  Scenario scenario;
  if (random.chance(0.4)) scenario.destination = DestinationKind::kFivetran;
  if (destination) scenario.destination = *destination;
  SyncOptions& options = scenario.options;
  options.pipeline.workers = 0;  // one thread, and one order of all that happens
  options.seed = random.next();
  options.keeps_done_tables = scenario.destination == DestinationKind::kFivetran;
  options.lag_ms = random.between(0, 30'000);
  options.overlap_ms = random.between(0, 300'000);
  options.window_ms = random.between(1, 6) * kHourMs;
  options.costs.scan_row_s = random.chance(0.5) ? 1 : 1e-4;
  options.use_indexes = random.chance(0.9);
  if (random.chance(0.1)) options.initial_start_ms = 1'700'000'000'000 - 12 * kHourMs;
  if (random.chance(0.1))
    options.rows_per_second_max = static_cast<uint32_t>(random.between(20, 2000));
  options.checkpoint_interval_rows = static_cast<uint32_t>(random.between(1, 60));
  options.checkpoint_interval_ms = random.between(50, 2000);
  options.checkpoint_bytes = static_cast<uint64_t>(random.between(200, 20'000));
  options.page_rows_max = static_cast<uint32_t>(random.between(1, 20));
  options.in_flight_max = static_cast<uint32_t>(random.between(1, 8));
  options.sizing.split_bytes_target = static_cast<uint64_t>(random.between(100, 3000));
  options.sizing.split_rows_min = static_cast<uint64_t>(random.between(1, 30));
  // A first partition that fills the probe makes a small table look vast: splits would be most of
  // it.
  options.sizing.splits_max = static_cast<uint32_t>(random.between(1, 150));
  options.retry.give_up_after_ms = random.between(5'000, 60'000);
  scenario.commit_rows = static_cast<uint64_t>(random.chance(0.5) ? 1 : random.between(1, 200));
  scenario.syncs = random.between(6, 10);
  scenario.schema_change_rate = some_rate(random, 0.6, 0.5);
  return scenario;
}

SyncFaults make_faults(Random& random, const Scenario& scenario) {
  SyncFaults faults;
  faults.failure_rate = some_rate(random, 0.5, 0.3);
  faults.refusal_rate = some_rate(random, 0.3, 0.5);
  faults.echo_rate = some_rate(random, 0.3, 0.3);
  faults.change_rate = some_rate(random, 0.7, 0.5);
  faults.schema_change_rate = some_rate(random, 0.15, 0.1);
  faults.ring_change_rate = some_rate(random, 0.2, 0.1);
  faults.older_state_rate = 0.4;
  if (scenario.destination == DestinationKind::kFivetran) faults.old_state_rate = 0.05;
  faults.encoding_failure_rate = some_rate(random, 0.05, 0.1);
  faults.takes_foreign_paging_states = random.chance(0.5);
  faults.filters_late = random.chance(0.5);
  if (scenario.destination == DestinationKind::kDatabase) {
    faults.is_resync = random.chance(0.05);
    // Fivetran runs one sync of a connection at a time: one that it has lost sends to nobody, as if
    // it had crashed.
    faults.second_rate = some_rate(random, 0.15, 0.1);
    faults.pass_rate = random.chance(0.5) ? 0.02 : 0.5;
    faults.keeps_others_out = random.chance(0.3);
  }
  if (random.chance(0.1)) {
    faults.outage_after_ms = random.between(0, 2000);
    faults.outage_ms = random.chance(0.5) ? 24 * kHourMs : random.between(1000, 100'000);
  }
  if (random.chance(0.05)) faults.dead_token = static_cast<Token>(random.next());
  if (random.chance(0.1)) faults.unselected = random.below(5);
  faults.broken_table = some_table(random, 0.07);
  faults.refused_table = some_table(random, 0.05);
  if (random.chance(0.45)) {
    faults.crash_at = static_cast<uint64_t>(random.between(1, random.chance(0.5) ? 15 : 120));
    faults.crashes_behind_it = random.chance(0.5);
  }
  if (random.chance(0.12)) faults.stop_page = static_cast<uint64_t>(random.between(1, 40));
  if (random.chance(0.03)) faults.opening_failure = random.below(4);
  return faults;
}

}  // namespace ringsync::simulation
