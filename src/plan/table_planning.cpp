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

// Keeps the lists of columns; true where one has returned. Its old values are still in the
// destination, and no change of a row would tell that they went with the column.
bool take_over_columns(TableState& state, const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  for (const std::string& old : state.columns) {
    if (!contains(names, old)) state.dropped_columns.push_back(old);
  }
  const auto returned = std::erase_if(
      state.dropped_columns, [&](const std::string& name) { return contains(names, name); });
  state.columns = std::move(names);
  return returned > 0;
}

// True where rows past the wanted floor were left out by the runs so far.
bool lacks_rows(const TableState& state, const PlanningOptions& options) {
  return state.floor_ms && (!options.floor_ms || *options.floor_ms < *state.floor_ms);
}

void match_to_schema(TableState& state, const Table& table, SyncMode mode,
                     const PlanningOptions& options) {
  const std::string key = key_fingerprint(table);
  const std::string columns = columns_fingerprint(table);
  const std::string cursor = mode == SyncMode::kTimestamp ? options.cursor_column : "";
  if (state.table_id != table.id || state.key_fingerprint != key) forget_progress(state);
  const bool column_returned = take_over_columns(state, table);
  const bool anew = column_returned || state.mode != mode || state.cursor_column != cursor ||
                    lacks_rows(state, options);
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
  return before.last_run_started_us > 0 && before.columns_fingerprint == now.columns_fingerprint;
}

// The index that can serve the cursor's bounds, or nothing.
std::string cursor_index_of(const Table& table, uint16_t cursor) {
  for (const Index& index : table.indexes) {
    if (index.kind == IndexKind::kSai && index.column == table.columns[cursor].name) {
      return index.name;
    }
  }
  return "";
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
  match_to_schema(state, table, SyncMode::kTimestamp, options);
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
                     PlanningTimes times) {
  TablePlan plan;
  plan.table = table;
  plan.cursor_column = find_cursor(table, options.cursor_column, plan.full_reason);
  plan.mode = plan.cursor_column ? SyncMode::kTimestamp : SyncMode::kFull;
  const TableState before = state;
  match_to_schema(state, table, plan.mode, options);
  plan.columns_are_known = knows_columns(before, state);
  if (!state.run) state.run = begin_run(state, plan.mode, options, times);
  plan.run = state.run->kind;
  plan.cursor_after_ms = state.run->cursor_after_ms;
  if (plan.cursor_after_ms && options.use_indexes) {
    plan.cursor_index = cursor_index_of(table, *plan.cursor_column);
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

void complete_run(TableState& state) {
  if (state.mode == SyncMode::kTimestamp) state.cursor_ms = state.run->until_ms;
  state.run.reset();
}

}  // namespace ringsync
