// Checker: what must hold in every simulated world, whatever goes wrong in it. It hears of each
// plan, of each thing that reaches the destination and of each page that leaves the source.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "model/state.h"
#include "model/table_plan.h"
#include "scenario.h"
#include "sync/summary.h"
#include "world.h"

namespace ringsync::simulation {

/// The names under which a violation is told.
namespace invariant {
inline constexpr const char* kRowsArrive = "rows_arrive";
inline constexpr const char* kNothingGoesBack = "nothing_goes_back";
inline constexpr const char* kDeletedRowsEndDeleted = "deleted_rows_end_deleted";
inline constexpr const char* kLiveRowsStayLive = "live_rows_stay_live";
inline constexpr const char* kStateVouchesForRows = "state_vouches_only_for_rows_that_are_there";
inline constexpr const char* kRestartRepeatsLittle = "restart_repeats_only_what_came_later";
inline constexpr const char* kRepeatsAreAnnounced = "repeats_are_announced";
inline constexpr const char* kDoneIsTheRing = "done_only_when_the_ring_is_read";
inline constexpr const char* kBoundIsBefore = "bound_lies_before_the_run";
inline constexpr const char* kWithinLimits = "queues_stay_within_limits";
inline constexpr const char* kItEnds = "it_ends";
inline constexpr const char* kEndsAreTold = "every_table_ends_told";
inline constexpr const char* kQuietMakesEqual = "quiet_syncs_make_both_equal";
inline constexpr const char* kRowsHaveOneKey = "live_rows_have_the_tables_key";
inline constexpr const char* kStateIsReadable = "state_is_readable";
}  // namespace invariant

struct Violation {
  std::string invariant;
  std::string what;
};

struct DestinationRow {
  int64_t value = 0;
  int64_t synced_us = 0;
  bool is_deleted = false;
  uint16_t key_columns = 0;  // of the key that it came by
};

using DestinationTable = std::map<int64_t, DestinationRow>;  // by id
using DestinationTables = std::map<std::string, DestinationTable>;

/// Of tables that go on from an imported time: rows past it only are promised.
using CursorFloors = std::map<std::string, int64_t>;

/// What the checker keeps of a planned run.
struct RunFacts {
  std::string table;
  RunKind kind = RunKind::kFull;
  uint16_t key_columns = 0;  // 1: a partition's; 2: a row's within its partition
  bool sweeps = false;
  int64_t started_us = 0;
  std::optional<int64_t> floor_ms;  // rows past it only are read
  Step bound = 0;                   // everything up to here was visible when the run was planned
};

class Checker {
 public:
  Checker(const World& world, const Scenario& scenario) : world_(world), scenario_(scenario) {}

  void fail(const std::string& invariant, const std::string& what);
  const std::optional<Violation>& violation() const { return violation_; }

  /// A run was planned, or is gone on with.
  RunFacts planned(const TablePlan& plan, int64_t true_ms, const CursorFloors& floors);
  void row_arrives(const std::string& table, int64_t id, int64_t before, int64_t after);
  void row_is_swept(const RunFacts& run, int64_t id);
  /// The run is complete, in the destination too.
  void run_is_complete(const RunFacts& run, const DestinationTable& rows);
  /// A state has become durable. Returns it decoded.
  std::optional<SyncState> state_is_saved(const std::string& json, const DestinationTables& tables);
  void sync_has_ended(const Result<SyncSummary>& summary, const std::optional<SyncState>& last);
  /// Two syncs have ended that met no fault and no change: nothing of earlier ones may be missing.
  void world_is_quiet(const DestinationTables& tables, const CursorFloors& floors);

 private:
  void rows_are_there(const char* invariant, const RunFacts& run, const DestinationTable& rows);
  void rows_have_one_key(const RunFacts& run, const DestinationTable& rows);
  void gone_rows_are_deleted(const RunFacts& run, const DestinationTable& rows);
  bool is_wanted(const RunFacts& run, const std::string& table, int64_t id,
                 const RowTruth& row) const;
  void row_is_there(const char* invariant, const RunFacts& run, int64_t id,
                    const DestinationTable& rows);
  void run_is_vouched_for(const std::string& table, const TableState& state,
                          const DestinationTables& tables);
  const RunFacts* facts_of(const std::string& table, const RunState& run) const;

  const World& world_;
  const Scenario& scenario_;
  std::optional<Violation> violation_;
  // By table, kind, start and bound. Where a state that is older than the last, or another sync,
  // starts a run with the same ones once more, the first counts: it promises less.
  std::map<std::tuple<std::string, RunKind, int64_t, int64_t>, RunFacts> runs_;
};

/// True where the token lies in a range of `done`.
bool is_done(const std::vector<TokenRange>& done, Token token);

}  // namespace ringsync::simulation
