// One simulated world from its first table to its last sync, all of it from one seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "defects.h"
#include "destination.h"
#include "restores.h"
#include "stage.h"
#include "sync/engine.h"
#include "turns.h"

namespace ringsync::simulation {

/// Where the program dies: one call of the sink, by its number, in one sync.
struct Crash {
  size_t sync = 0;  // 0: the first
  uint64_t step = 0;
  bool is_behind = false;  // after the call has done its work
};

/// A world whose first syncs die nowhere else; the quiet end follows the crash.
struct CrashPlan {
  DestinationKind destination = DestinationKind::kDatabase;
  std::optional<Crash> crash;
};

struct Outcome {
  std::optional<Violation> violation;
  Counts counts;
  std::vector<uint64_t> steps;  // of each sync before the quiet end
  bool has_crashed = false;     // where the plan says
};

class Simulation {
 public:
  Simulation(uint64_t seed, Defect defect, std::optional<CrashPlan> crash_plan = std::nullopt);

  Outcome run();

 private:
  enum class Place : uint8_t { kFirst, kSecond };  // of two syncs at once, or of one

  void pass_time();
  void lose_table();
  void drop_tables_of_another_key();
  bool goes_on() const;
  SyncFaults next_faults();
  /// True where every table was read to its end.
  bool sync(const SyncFaults& faults, Place place);
  void on_page(Stage& stage, SyncEngine& engine, uint64_t page);
  void on_step(const Stage& stage, const char* step);
  SyncOptions sync_options(const SyncFaults& faults, const Import* import);
  void count_ends(const Result<SyncSummary>& summary);
  void end_quietly();

  const Defect defect_;
  const std::optional<CrashPlan> crash_plan_;
  Random random_;
  const Scenario scenario_;
  SimClock clock_;
  World world_;
  Checker checker_;
  SimDestination destination_;
  Counts counts_;
  Restores restores_;
  std::vector<uint64_t> steps_;
  bool has_crashed_ = false;
  std::optional<std::string> left_out_;  // column that the user does not want now
  Turns turns_;
};

}  // namespace ringsync::simulation
