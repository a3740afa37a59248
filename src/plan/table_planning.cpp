#include "plan/table_planning.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringsync {
namespace {

std::string described(const Table& table, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    const Column& column = table.columns[i];
    // Lengths keep two different lists from giving one text.
    const std::string type = to_string(column.type);
    text += fmt::format("{}:{}{}:{}{};", column.name.size(), column.name, type.size(), type,
                        static_cast<int>(column.kind));
  }
  return fingerprint(text);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void add_missing(std::vector<std::string>& names, const std::string& name) {
  if (!contains(names, name)) names.push_back(name);
}

// Keeps the lists of columns; true where one has returned. What it holds in the destination is old,
// or was never sent, and no change of a row would tell. A column that is new at the source has to
// be written before it holds anything, which the cursor tells.
bool take_over_columns(TableState& state, const Table& sent, const ColumnChoice& choice) {
  std::vector<std::string> names;
  for (const Column& column : sent.columns) names.push_back(column.name);
  for (const std::string& old : state.columns) {
    if (!contains(names, old)) add_missing(state.dropped_columns, old);
  }
  for (const std::string& name : choice.left_out) add_missing(state.dropped_columns, name);
  const auto returned = std::erase_if(
      state.dropped_columns, [&](const std::string& name) { return contains(names, name); });
  state.columns = std::move(names);
  return returned > 0;
}

// Keeps the types at the destination; true where a column has got another one.
bool take_over_types(TableState& state, const ColumnChoice& choice) {
  if (choice.types.empty()) return false;
  const bool changed =
      std::any_of(choice.types.begin(), choice.types.end(), [&](const auto& column) {
        const auto known = state.column_types.find(column.first);
        return known != state.column_types.end() && known->second != column.second;
      });
  state.column_types = choice.types;
  return changed;
}

// True where rows past the wanted floor were left out by the runs so far.
bool lacks_rows(const TableState& state, const PlanningOptions& options) {
  return state.floor_ms && (!options.floor_ms || *options.floor_ms < *state.floor_ms);
}

void match_to_schema(TableState& state, const Table& table, SyncMode mode,
                     const PlanningOptions& options, const ColumnChoice& choice) {
  const std::string key = key_fingerprint(table);
  const std::string columns = columns_fingerprint(table);
  const std::string cursor = mode == SyncMode::kTimestamp ? options.cursor_column : "";
  if (state.table_id != table.id || state.key_fingerprint != key) forget_progress(state);
  const bool column_returned = take_over_columns(state, table, choice);
  const bool type_changed = take_over_types(state, choice);
  const bool anew = column_returned || type_changed || state.mode != mode ||
                    state.cursor_column != cursor || lacks_rows(state, options);
  if (anew) state.cursor_ms.reset();
  if (anew || state.columns_fingerprint != columns) state.run.reset();
  state.table_id = table.id;
  state.mode = mode;
  state.key_fingerprint = key;
  state.columns_fingerprint = columns;
  state.cursor_column = cursor;
}

RunState begin_run(TableState& state, SyncMode mode, const PlanningOptions& options,
                   PlanningTimes times) {
  RunState run;
  run.has_begun = false;
  run.until_ms = times.until_ms;
  run.started_us = std::max(times.now_us, state.last_run_started_us + 1);
  run.kind = mode == SyncMode::kFull ? RunKind::kFull : RunKind::kFirst;
  if (mode == SyncMode::kTimestamp && state.cursor_ms) {
    run.kind = RunKind::kIncremental;
    // One less, since the bound is exclusive: a row of the very millisecond of `until` may have
    // become visible behind the scan.
    run.cursor_after_ms = *state.cursor_ms - options.overlap_ms - 1;
  } else if (mode == SyncMode::kTimestamp) {
    run.cursor_after_ms = options.floor_ms;
    state.floor_ms = options.floor_ms;
  } else {
    state.floor_ms.reset();
  }
  state.last_run_started_us = run.started_us;
  return run;
}

// An imported state, which no run of ours has left, knows columns but did not bring them.
bool knows_columns(const TableState& before, const TableState& now) {
  return before.last_run_started_us > 0 && before.columns_fingerprint == now.columns_fingerprint &&
         before.column_types == now.column_types;
}

// The index that can serve the cursor's bounds, or nothing.
std::string cursor_index_of(const Table& table, const std::string& cursor_column) {
  for (const Index& index : table.indexes) {
    if (index.kind == IndexKind::kSai && index.column == cursor_column) {
      return index.name;
    }
  }
  return "";
}

// Takes the columns that are left out from the plan, where the cursor may be one of them.
void leave_out_columns(TablePlan& plan, const std::vector<std::string>& left_out) {
  std::optional<Column> cursor;
  if (plan.cursor_column) cursor = plan.table.columns[*plan.cursor_column];
  std::erase_if(plan.table.columns,
                [&](const Column& column) { return contains(left_out, column.name); });
  if (!cursor) return;
  if (contains(left_out, cursor->name)) plan.unsent_cursor = cursor;
  plan.cursor_column = static_cast<uint16_t>(plan.table_read().find_column(cursor->name));
}

}  // namespace

std::optional<uint16_t> find_cursor(const Table& table, const std::string& cursor_column,
                                    std::string& reason) {
  if (table.is_view) {
    reason = "it is a view: its rows leave it when others change, which no cursor shows";
    return std::nullopt;
  }
  const int index = table.find_column(cursor_column);
  if (index < 0) {
    reason = fmt::format("it has no column {}", cursor_column);
    return std::nullopt;
  }
  const Column& column = table.columns[static_cast<size_t>(index)];
  if (column.type.kind != TypeKind::kTimestamp) {
    reason = fmt::format("its {} is {}, not timestamp", cursor_column, to_string(column.type));
    return std::nullopt;
  }
  if (column.kind == ColumnKind::kStatic) {
    reason = fmt::format("its {} is static: a change of a row would not show", cursor_column);
    return std::nullopt;
  }
  return static_cast<uint16_t>(index);
}

TableState state_read_until(const Table& table, const std::string& cursor_column,
                            int64_t cursor_ms) {
  TableState state;
  PlanningOptions options;
  options.cursor_column = cursor_column;
  match_to_schema(state, table, SyncMode::kTimestamp, options, {});
  state.cursor_ms = cursor_ms;
  return state;
}

std::string fingerprint(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  }
  return fmt::format("{:016x}", hash);
}

std::string key_fingerprint(const Table& table) {
  return described(table, table.primary_key_count);
}

std::string columns_fingerprint(const Table& table) {
  return described(table, table.columns.size());
}

TablePlan plan_table(const Table& table, TableState& state, const PlanningOptions& options,
                     PlanningTimes times, const ColumnChoice& choice) {
  TablePlan plan;
  plan.table = table;
  plan.has_static_columns =
      std::any_of(table.columns.begin(), table.columns.end(),
                  [](const Column& column) { return column.kind == ColumnKind::kStatic; });
  plan.cursor_column = find_cursor(table, options.cursor_column, plan.full_reason);
  plan.mode = plan.cursor_column ? SyncMode::kTimestamp : SyncMode::kFull;
  leave_out_columns(plan, choice.left_out);
  const TableState before = state;
  match_to_schema(state, plan.table, plan.mode, options, choice);
  plan.columns_are_known = knows_columns(before, state);
  if (!state.run) state.run = begin_run(state, plan.mode, options, times);
  plan.run = state.run->kind;
  plan.cursor_after_ms = state.run->cursor_after_ms;
  if (plan.cursor_after_ms && options.use_indexes) {
    plan.cursor_index = cursor_index_of(table, options.cursor_column);
  }
  if (plan.cursor_index.empty() && state.run->window_end_ms) {
    // What was read of the window says nothing of the rows past its end.
    state.run->window_end_ms.reset();
    state.run->done.clear();
    state.run->active.clear();
  }
  plan.until_ms = state.run->until_ms;
  plan.run_started_us = state.run->started_us;
  return plan;
}

void forget_progress(TableState& state) {
  const int64_t last_run_started_us = state.last_run_started_us;
  state = TableState{};
  state.last_run_started_us = last_run_started_us;
}

bool is_unchanged(const TableState& before, const TableState& planned) {
  TableState between_runs = planned;
  between_runs.run.reset();
  between_runs.last_run_started_us = before.last_run_started_us;
  return before == between_runs;
}

void complete_run(TableState& state) {
  if (state.mode == SyncMode::kTimestamp) state.cursor_ms = state.run->until_ms;
  state.run.reset();
}

}  // namespace ringsync
