#include "sync/opening.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "plan/table_planning.h"
#include "sync/state_codec.h"

namespace ringsync {
namespace {

constexpr int64_t kClockSkewMs = 5000;

const char* run_text(const TablePlan& plan) {
  switch (plan.run) {
    case RunKind::kFirst: return "first sync, every row";
    case RunKind::kIncremental: return "incremental";
    case RunKind::kFull: return "in full";
  }
  return "";
}

Status load_state(Sink& sink, const SourceIdentity& identity, OpenedSync& sync) {
  RINGSYNC_ASSIGN(const std::optional<StoredState> stored, sink.load_state());
  if (stored) {
    sync.sequence = stored->sequence;
    RINGSYNC_ASSIGN(sync.state, decode_state(stored->json));
    const SyncState& state = sync.state;
    if (state.cluster != identity.cluster || state.keyspace != identity.keyspace) {
      return Error{ErrorCode::kStateMismatch,
                   fmt::format("the destination holds keyspace \"{}\" of cluster \"{}\", not "
                               "\"{}\" of \"{}\": write to another destination",
                               state.keyspace, state.cluster, identity.keyspace, identity.cluster)};
    }
  }
  sync.state.cluster = identity.cluster;
  sync.state.keyspace = identity.keyspace;
  return {};
}

Result<PlanningTimes> planning_times(Source& source, const Clock& clock, int64_t lag_ms) {
  RINGSYNC_ASSIGN(const int64_t server_ms, source.server_time_ms());
  PlanningTimes times;
  times.now_us = clock.wall_us();
  const int64_t client_ms = times.now_us / 1000;
  const int64_t apart_ms = std::abs(client_ms - server_ms);
  if (apart_ms > kClockSkewMs) {
    log_warning(
        "this machine's clock and the coordinator's are {} ms apart; the earlier one counts",
        apart_ms);
  }
  times.until_ms = std::min(client_ms, server_ms) - lag_ms;
  return times;
}

/// Forgets tables that the keyspace no longer has, but for the start of their last run: should one
/// come back, its rows must be later than those that stay in the destination.
void forget_missing_tables(const Keyspace& keyspace, SyncState& state) {
  for (auto& [name, table_state] : state.tables) {
    const bool is_there = std::any_of(keyspace.tables.begin(), keyspace.tables.end(),
                                      [&](const Table& table) { return table.name == name; });
    if (is_there || table_state.table_id.empty()) continue;
    log_warning(
        "table {}: the keyspace does not have it any more; its rows stay in the destination "
        "as they are",
        name);
    const int64_t last_run_started_us = table_state.last_run_started_us;
    table_state = TableState{};
    table_state.last_run_started_us = last_run_started_us;
  }
}

Result<std::vector<Table>> chosen_tables(Keyspace keyspace, const SyncOptions& options) {
  if (!options.select) return std::move(keyspace.tables);
  std::vector<std::string> names;
  for (const Table& table : keyspace.tables) names.push_back(table.name);
  RINGSYNC_ASSIGN(const std::vector<std::string> chosen, options.select(names));
  std::vector<Table> tables;
  for (Table& table : keyspace.tables) {
    if (std::find(chosen.begin(), chosen.end(), table.name) != chosen.end()) {
      tables.push_back(std::move(table));
    }
  }
  return tables;
}

/// Plans runs; what it refers to outlives it.
class RunPlanner {
 public:
  RunPlanner(const Source& source, const SourceIdentity& identity, const SyncOptions& options,
             PlanningTimes times)
      : source_(source),
        identity_(identity),
        planning_{options.cursor_column, options.overlap_ms},
        times_(times) {}

  std::unique_ptr<TableRun> plan(const Table& table, TableState& state) const {
    TablePlan plan = plan_table(table, state, planning_, times_);
    const std::string statement =
        source_.statement({plan.table, plan.cursor_column, plan.cursor_after_ms});
    const std::string paging =
        fingerprint(fmt::format("{}\n{}\n{}\n{}\n{}", table.id, key_fingerprint(table),
                                columns_fingerprint(table), statement, identity_.server_version));
    return std::make_unique<TableRun>(std::move(plan), state, paging);
  }

 private:
  const Source& source_;
  const SourceIdentity& identity_;
  const PlanningOptions planning_;
  const PlanningTimes times_;
};

/// Opens the destination table; where it has gone although the state builds on its rows, the run is
/// planned anew from the beginning. A refusal fails the run.
std::unique_ptr<TableRun> open_table(const Table& table, TableState& state,
                                     const RunPlanner& planner, Sink& sink, int64_t now_ms) {
  std::unique_ptr<TableRun> run = planner.plan(table, state);
  auto opened = sink.open_table(run->plan());
  if (opened.ok() && opened->is_new && run->builds_on_earlier_rows()) {
    log_warning(
        "table {}: the destination does not have it any more; it is synced from the "
        "beginning",
        table.name);
    state = TableState{};
    run = planner.plan(table, state);
    opened = sink.open_table(run->plan());
  }
  if (!opened.ok()) {
    log_error(opened.error().within("table " + table.name));
    run->fail(opened.error(), now_ms);
    return run;
  }
  const std::string& reason = run->plan().full_reason;
  log_info("table {}: {}{}{}", table.name, run_text(run->plan()),
           reason.empty() ? "" : ": " + reason,
           run->summary().resumed ? ", resumed behind its last checkpoint" : "");
  return run;
}

}  // namespace

Result<OpenedSync> open_sync(Source& source, Sink& sink, const Clock& clock,
                             const SyncOptions& options) {
  OpenedSync sync;
  RINGSYNC_ASSIGN(const SourceIdentity identity, source.identity());
  RINGSYNC_TRY(load_state(sink, identity, sync));
  // Before the schema and the first page: what is written from here on is met by the next sync.
  RINGSYNC_ASSIGN(const PlanningTimes times, planning_times(source, clock, options.lag_ms));
  RINGSYNC_ASSIGN(sync.ring, source.ring());
  RINGSYNC_ASSIGN(Keyspace keyspace, source.keyspace());
  forget_missing_tables(keyspace, sync.state);
  RINGSYNC_ASSIGN(const std::vector<Table> tables, chosen_tables(std::move(keyspace), options));
  const RunPlanner planner(source, identity, options, times);
  for (const Table& table : tables) {
    sync.tables.push_back(
        open_table(table, sync.state.tables[table.name], planner, sink, clock.steady_ms()));
  }
  return sync;
}

}  // namespace ringsync
