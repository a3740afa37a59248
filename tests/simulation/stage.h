// What the parts of one simulated sync share, and the counts of all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "clock.h"
#include "invariants.h"
#include "random.h"
#include "scenario.h"
#include "world.h"

namespace ringsync::simulation {

/// What was tried, by name: syncs, pages, failures of each kind.
using Counts = std::map<std::string, uint64_t>;

struct Stage {
  World& world;
  const SimClock& clock;
  Random& random;
  const Scenario& scenario;
  Checker& checker;
  Counts& counts;
  SyncFaults faults;
  int64_t began_ms = 0;
  /// Behind each page: what other clients, the user and other syncs do.
  std::function<void()> on_page;
  /// Scans that the engine has dropped, as with a table that fails, run on unseen.
  bool has_failed = false;
  /// Ranges that the source has read to the engine, by table.
  std::map<std::string, std::vector<TokenRange>> read;

  void count(const std::string& what, uint64_t more = 1) { counts[what] += more; }
};

}  // namespace ringsync::simulation
