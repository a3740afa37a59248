// What the parts of one simulated sync share, and the counts of all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clock.h"
#include "invariants.h"
#include "model/state.h"
#include "random.h"
#include "scenario.h"
#include "sync/state_import.h"
#include "world.h"

namespace ringsync::simulation {

/// What was tried, by name: syncs, pages, failures of each kind.
using Counts = std::map<std::string, uint64_t>;

/// Rows of a range of tokens, of those whose cursor is past one bound and not past the other.
struct ReadArea {
  TokenRange range;
  std::optional<int64_t> after_ms;  // none: those without a cursor, too
  std::optional<int64_t> until_ms;
};

/// A state for a destination that has none.
struct Import {
  StateImport document;
  std::optional<SyncState> own;  // where it is a copy of one of ours
  CursorFloors floors;           // of the tables that it has go on
};

struct Stage {
  World& world;
  const SimClock& clock;
  Random& random;
  const Scenario& scenario;
  Checker& checker;
  Counts& counts;
  SyncFaults faults;
  int64_t began_ms = 0;
  /// What the sync was given for a destination without a state. Outlives it.
  const Import* import = nullptr;
  /// Behind each page: what other clients and the user do.
  std::function<void()> on_page = {};
  /// Where another sync may go on instead; what the step is, for the counts. And where this one
  /// waits for the other.
  std::function<void(const char* step)> on_step = {};
  std::function<void()> on_wait = {};
  /// The saved state that the sync began with.
  std::optional<SyncState> start_state = std::nullopt;
  /// Tables of which a scan has failed, and none was started since: the engine may have dropped the
  /// others, which run on unseen. And those of which one ever has.
  std::set<std::string> failing = {};
  std::set<std::string> have_failed = {};
  /// What the source has read to the engine, by table.
  std::map<std::string, std::vector<ReadArea>> read = {};

  void note_failure(const std::string& table) {
    failing.insert(table);
    have_failed.insert(table);
  }
  void count(const std::string& what, uint64_t more = 1) { counts[what] += more; }
};

}  // namespace ringsync::simulation
