#include "invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "sync/state_codec.h"

namespace ringsync::simulation {

bool is_done(const std::vector<TokenRange>& done, Token token) {
  return std::any_of(done.begin(), done.end(), [&](const TokenRange& range) {
    return token > range.start && token <= range.end;
  });
}

namespace {

/// The later of a floor and the table's own, where it has one.
std::optional<int64_t> with_floor(std::optional<int64_t> floor_ms, const CursorFloors& floors,
                                  const std::string& table) {
  const auto found = floors.find(table);
  if (found == floors.end()) return floor_ms;
  return std::max(found->second, floor_ms.value_or(found->second));
}

}  // namespace

void Checker::fail(const std::string& invariant, const std::string& what) {
  if (!violation_) violation_ = Violation{invariant, what};
}

RunFacts Checker::planned(const TablePlan& plan, int64_t true_ms, const CursorFloors& floors) {
  RunFacts facts;
  facts.table = plan.table.name;
  facts.kind = plan.run;
  facts.key_columns = plan.table.primary_key_count;
  facts.sweeps = plan.sweeps();
  facts.started_us = plan.run_started_us;
  facts.bound = world_.step();
  if (plan.run == RunKind::kFirst) facts.floor_ms = plan.cursor_after_ms;
  if (plan.mode == SyncMode::kTimestamp && plan.run != RunKind::kFirst) {
    facts.floor_ms = with_floor(scenario_.options.initial_start_ms, floors, facts.table);
  }
  if (plan.until_ms > true_ms - scenario_.options.lag_ms) {
    fail(invariant::kBoundIsBefore, fmt::format("table {}: until {} at {}, lag {}", facts.table,
                                                plan.until_ms, true_ms, scenario_.options.lag_ms));
  }
  const auto key = std::make_tuple(facts.table, plan.run, plan.run_started_us, plan.until_ms);
  return runs_.try_emplace(key, facts).first->second;
}

void Checker::row_arrives(const std::string& table, int64_t id, int64_t before, int64_t after) {
  if (after >= before) return;
  fail(invariant::kNothingGoesBack,
       fmt::format("table {} id {}: version {} over version {}", table, id, after, before));
}

void Checker::row_is_swept(const RunFacts& run, int64_t id) {
  const auto row = world_.truth().at(run.table).find(id);
  if (row == world_.truth().at(run.table).end()) return;
  if (!row->second.is_live || row->second.live_since > run.bound) return;
  fail(invariant::kLiveRowsStayLive,
       fmt::format("table {} id {}: live since step {}, swept by a run planned at step {}",
                   run.table, id, row->second.live_since, run.bound));
}

bool Checker::is_wanted(const RunFacts& run, const std::string& table, int64_t id,
                        const RowTruth& row) const {
  if (!row.is_live || row.changed_at > run.bound) return false;
  if (run.kind == RunKind::kIncremental && !row.is_told) return false;
  if (!run.floor_ms) return true;
  const auto& cursor_ms = world_.tables().at(table).rows.at(id).updated_at_ms;
  return cursor_ms && *cursor_ms > *run.floor_ms;
}

void Checker::row_is_there(const char* invariant, const RunFacts& run, int64_t id,
                           const DestinationTable& rows) {
  const int64_t value = world_.tables().at(run.table).rows.at(id).value;
  const auto found = rows.find(id);
  if (found != rows.end() && found->second.value == value && !found->second.is_deleted) return;
  const std::string have = found == rows.end() ? "no such row"
                           : found->second.is_deleted
                               ? "marked deleted"
                               : fmt::format("version {}", found->second.value);
  fail(invariant, fmt::format("table {} id {} token {}: version {} since step {}, run ({}) planned "
                              "at step {}, in the destination: {}",
                              run.table, id, world_.token_of(run.table, id), value,
                              world_.truth().at(run.table).at(id).changed_at, to_string(run.kind),
                              run.bound, have));
}

void Checker::rows_are_there(const char* invariant, const RunFacts& run,
                             const DestinationTable& rows) {
  if (!world_.tables().contains(run.table)) return;
  for (const auto& [id, row] : world_.truth().at(run.table)) {
    if (is_wanted(run, run.table, id, row)) row_is_there(invariant, run, id, rows);
  }
}

void Checker::gone_rows_are_deleted(const RunFacts& run, const DestinationTable& rows) {
  const TableTruth& truth = world_.truth().at(run.table);
  for (const auto& [id, row] : rows) {
    const auto real = truth.find(id);
    const bool is_gone =
        real == truth.end() || (!real->second.is_live && real->second.changed_at <= run.bound);
    if (row.is_deleted || !is_gone) continue;
    fail(invariant::kDeletedRowsEndDeleted,
         fmt::format("table {} id {}: gone before step {}, live in the destination", run.table, id,
                     run.bound));
  }
}

void Checker::run_is_complete(const RunFacts& run, const DestinationTable& rows) {
  rows_are_there(invariant::kRowsArrive, run, rows);
  rows_have_one_key(run, rows);
  if (run.sweeps) gone_rows_are_deleted(run, rows);
}

void Checker::rows_have_one_key(const RunFacts& run, const DestinationTable& rows) {
  // No run with a floor reads the whole table, and so none knows which rows are gone.
  if (run.floor_ms) return;
  for (const auto& [id, row] : rows) {
    if (row.is_deleted || row.key_columns == run.key_columns) continue;
    fail(invariant::kRowsHaveOneKey,
         fmt::format("table {} id {}: live by a key of {} columns, behind a run by one of {}",
                     run.table, id, row.key_columns, run.key_columns));
  }
}

void Checker::world_is_quiet(const DestinationTables& tables, const CursorFloors& floors) {
  static const DestinationTable kNone;
  for (const auto& [name, table] : world_.tables()) {
    const bool is_full = !table.has_cursor || table.is_view;
    RunFacts run;
    run.table = name;
    run.kind = is_full ? RunKind::kFull : RunKind::kIncremental;
    run.bound = world_.step();
    if (!is_full) run.floor_ms = with_floor(scenario_.options.initial_start_ms, floors, name);
    const auto found = tables.find(name);
    const DestinationTable& rows = found == tables.end() ? kNone : found->second;
    rows_are_there(invariant::kQuietMakesEqual, run, rows);
    if (is_full) gone_rows_are_deleted(run, rows);
  }
}

const RunFacts* Checker::facts_of(const std::string& table, const RunState& run) const {
  const auto found = runs_.find({table, run.kind, run.started_us, run.until_ms});
  return found == runs_.end() ? nullptr : &found->second;
}

void Checker::run_is_vouched_for(const std::string& table, const TableState& state,
                                 const DestinationTables& tables) {
  const auto real = world_.tables().find(table);
  if (real == world_.tables().end() || real->second.id != state.table_id) return;
  const RunState& run = *state.run;
  const RunFacts* facts = facts_of(table, run);
  if (facts == nullptr) {
    fail(invariant::kStateVouchesForRows, fmt::format("table {}: a run nobody planned", table));
    return;
  }
  const auto found = tables.find(table);
  if (found == tables.end()) return;  // lost by the destination, and not yet missed
  const DestinationTable& rows = found->second;
  for (const auto& [id, row] : world_.truth().at(table)) {
    if (!is_wanted(*facts, table, id, row)) continue;
    const Token token = world_.token_of(table, id);
    // Inside an index window only rows up to its end were read.
    const auto& cursor_ms = real->second.rows.at(id).updated_at_ms;
    if (run.window_end_ms && !(cursor_ms && *cursor_ms <= *run.window_end_ms)) continue;
    const bool is_reached = std::any_of(run.active.begin(), run.active.end(), [&](const auto& at) {
      return token > at.range.start && token < at.reached;
    });
    const bool was_before =
        run.kind == RunKind::kIncremental && cursor_ms && *cursor_ms <= *run.cursor_after_ms;
    if (is_reached || was_before || is_done(run.done, token)) {
      row_is_there(invariant::kStateVouchesForRows, *facts, id, rows);
    }
  }
}

std::optional<SyncState> Checker::state_is_saved(const std::string& json,
                                                 const DestinationTables& tables) {
  auto state = decode_state(json);
  if (!state.ok()) {
    fail(invariant::kStateIsReadable, state.error().message);
    return std::nullopt;
  }
  for (const auto& [name, table] : state->tables) {
    if (table.run) run_is_vouched_for(name, table, tables);
  }
  return std::move(*state);
}

void Checker::sync_has_ended(const Result<SyncSummary>& summary,
                             const std::optional<SyncState>& last) {
  if (!summary.ok()) return;
  for (const TableSummary& table : summary->tables) {
    if (!table.reconciles()) {
      fail(invariant::kEndsAreTold, fmt::format("table {}: {} rows read, {} sent", table.name,
                                                table.rows_read, table.rows_sent));
    }
    if (!table.finished && !table.error && !summary->interrupted) {
      fail(invariant::kEndsAreTold, fmt::format("table {}: neither done nor failed", table.name));
    }
    if (table.finished && last && last->tables.contains(table.name) &&
        last->tables.at(table.name).run) {
      fail(invariant::kEndsAreTold, fmt::format("table {}: told done, saved half", table.name));
    }
  }
}

}  // namespace ringsync::simulation
