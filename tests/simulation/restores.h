// Restores: a database that is put back to what it was, and states that are lost, with or without a
// copy to go on from. Between two syncs; nothing here happens to Fivetran's destinations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clock.h"
#include "destination.h"
#include "random.h"
#include "stage.h"
#include "sync/summary.h"

namespace ringsync::simulation {

class Restores {
 public:
  /// All outlive it.
  Restores(Random& random, const SimClock& clock, SimDestination& destination, Counts& counts)
      : random_(random), clock_(clock), destination_(destination), counts_(counts) {}

  /// Any of these things, or none.
  void happen();
  /// A commit is done: the user may keep a copy of its state, or of the whole database.
  void state_is_durable(const std::string& json);
  /// What the next sync is given; nothing in most cases.
  const Import* import() const { return import_ ? &*import_ : nullptr; }
  /// A sync has ended that was given it.
  void import_is_tried(const Result<SyncSummary>& summary);

 private:
  void restore();
  void lose_state();
  Import copy_of_ours();
  Import copy_of_another_program();

  Random& random_;
  const SimClock& clock_;
  SimDestination& destination_;
  Counts& counts_;
  std::vector<SimDestination> backups_;
  std::optional<Import> import_;
};

}  // namespace ringsync::simulation
