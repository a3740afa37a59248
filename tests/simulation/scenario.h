// What is decided about a simulated world, and about one sync in it, before it begins: the sync's
// options and what is to go wrong. Plain values, drawn from the seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/token_range.h"
#include "random.h"
#include "sync/options.h"

namespace ringsync::simulation {

enum class DestinationKind : uint8_t {
  kDatabase,  // rows and state in one transaction
  kFivetran,  // rows and states one after another; a truncate in place of a sweep
};

struct Scenario {
  DestinationKind destination = DestinationKind::kDatabase;
  SyncOptions options;
  uint64_t commit_rows = 1;  // a database commits routinely after so many rows
  int64_t syncs = 8;
  double schema_change_rate = 0;  // between syncs
};

/// With the destination that is asked for, or any.
Scenario make_scenario(Random& random, std::optional<DestinationKind> destination);

/// Of one sync. Rates are probabilities a page.
struct SyncFaults {
  double failure_rate = 0;  // time-outs, overload, torn connections, nodes that are down
  double refusal_rate = 0;  // of paging states
  double echo_rate = 0;     // an earlier page of the scan comes once more
  double change_rate = 0;   // other clients write
  double schema_change_rate = 0;
  double ring_change_rate = 0;       // nodes come and go, and may be of another version
  double second_rate = 0;            // a step: another sync of the same destination begins
  double pass_rate = 0;              // a step of either: the other goes on instead
  bool keeps_others_out = true;      // the lock that the destination holds for the sync does
  double older_state_rate = 0;       // a sync: Fivetran hands a state that is not the last
  double old_state_rate = 0;         // a sync: Fivetran hands one of an earlier sync
  double encoding_failure_rate = 0;  // a value that the destination cannot hold
  bool takes_foreign_paging_states = false;
  bool filters_late = false;               // pages may be empty and not the last
  std::optional<int64_t> outage_after_ms;  // from the sync's start on
  int64_t outage_ms = 0;
  std::optional<Token> dead_token;     // no replica of its range answers, for the whole sync
  std::optional<uint64_t> unselected;  // number of a table that the user does not want this time
  bool is_resync = false;              // the user has the first table read anew
  std::string broken_table;            // its reads are refused
  std::string refused_table;           // by the destination
  std::optional<uint64_t> crash_at;    // call of the sink at which the program dies
  bool crashes_behind_it = false;      // after the call has done its work
  std::optional<uint64_t> stop_page;   // the user asks for an early end
  std::optional<uint64_t> opening_failure;  // the source's call of this number fails
};

SyncFaults make_faults(Random& random, const Scenario& scenario);

}  // namespace ringsync::simulation
