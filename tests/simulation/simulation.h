// One simulated world from its first table to its last sync, all of it from one seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "defects.h"
#include "destination.h"
#include "stage.h"
#include "sync/engine.h"

namespace ringsync::simulation {

struct Outcome {
  std::optional<Violation> violation;
  Counts counts;
};

class Simulation {
 public:
  Simulation(uint64_t seed, Defect defect);

  Outcome run();

 private:
  enum class Depth : uint8_t { kOuter, kNested };

  void pass_time();
  /// True where every table was read to its end.
  bool sync(const SyncFaults& faults, Depth depth);
  void on_page(Stage& stage, SyncEngine& engine, Depth depth, uint64_t page);
  SyncOptions sync_options(const SyncFaults& faults);
  void count_ends(const Result<SyncSummary>& summary);
  void end_quietly();

  const Defect defect_;
  Random random_;
  const Scenario scenario_;
  SimClock clock_;
  World world_;
  Checker checker_;
  SimDestination destination_;
  Counts counts_;
  std::optional<std::string> left_out_;  // column that the user does not want now
};

}  // namespace ringsync::simulation
