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

// Finds the cursor, or says in `reason` why the table has none.
std::optional<uint16_t> cursor_index(const Table& table, const std::string& name,
                                     std::string& reason) {
  const int index = table.find_column(name);
  if (index < 0) {
    reason = fmt::format("it has no column {}", name);
    return std::nullopt;
  }
  const Column& column = table.columns[static_cast<size_t>(index)];
  if (column.type.kind != TypeKind::kTimestamp) {
    reason = fmt::format("its {} is {}, not timestamp", name, to_string(column.type));
    return std::nullopt;
  }
  if (column.kind == ColumnKind::kStatic) {
    reason = fmt::format("its {} is static: a change of a row would not show", name);
    return std::nullopt;
  }
  return static_cast<uint16_t>(index);
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

void match_to_schema(TableState& state, const Table& table, SyncMode mode,
                     const std::string& cursor_column) {
  const std::string key = key_fingerprint(table);
  const std::string columns = columns_fingerprint(table);
  const std::string cursor = mode == SyncMode::kTimestamp ? cursor_column : "";
  if (state.table_id != table.id || state.key_fingerprint != key) {
    const int64_t last_run_started_us = state.last_run_started_us;
    state = TableState{};
    state.last_run_started_us = last_run_started_us;
  }
  const bool column_returned = take_over_columns(state, table);
  const bool anew = column_returned || state.mode != mode || state.cursor_column != cursor;
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
  run.until_ms = times.until_ms;
  run.started_us = std::max(times.now_us, state.last_run_started_us + 1);
  run.kind = mode == SyncMode::kFull ? RunKind::kFull : RunKind::kFirst;
  if (mode == SyncMode::kTimestamp && state.cursor_ms) {
    run.kind = RunKind::kIncremental;
    // One less, since the bound is exclusive: a row of the very millisecond of `until` may have
    // become visible behind the scan.
    run.cursor_after_ms = *state.cursor_ms - options.overlap_ms - 1;
  }
  state.last_run_started_us = run.started_us;
  return run;
}

}  // namespace

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
  plan.cursor_column = cursor_index(table, options.cursor_column, plan.full_reason);
  plan.mode = plan.cursor_column ? SyncMode::kTimestamp : SyncMode::kFull;
  match_to_schema(state, table, plan.mode, options.cursor_column);
  if (!state.run) state.run = begin_run(state, plan.mode, options, times);
  plan.run = state.run->kind;
  plan.cursor_after_ms = state.run->cursor_after_ms;
  plan.until_ms = state.run->until_ms;
  plan.run_started_us = state.run->started_us;
  return plan;
}

void complete_run(TableState& state) {
  if (state.mode == SyncMode::kTimestamp) state.cursor_ms = state.run->until_ms;
  state.run.reset();
}

}  // namespace ringsync
