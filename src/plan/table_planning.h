// How a table is read in this run: mode, bounds and the time fixed before the first page. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "model/state.h"
#include "model/table_plan.h"

namespace ringsync {

struct PlanningOptions {
  std::string cursor_column = "updated_at";
  int64_t overlap_ms = 300'000;
};

/// Times taken once before any table is read.
struct PlanningTimes {
  int64_t until_ms = 0;  // min(client clock, coordinator clock) - lag, ms since the epoch
  int64_t now_us = 0;    // client clock, µs since the epoch
};

/// Plans a table from its schema and what is known of it. `state` is brought up to date with the
/// schema first: another table id or primary key drops all of it, other columns or another mode
/// drop the run under way. A run under way keeps its bounds; else a new one is begun and put there.
TablePlan plan_table(const Table& table, TableState& state, const PlanningOptions& options,
                     PlanningTimes times);

/// Closes the state's run as complete: its `until` is the base of the next.
void complete_run(TableState& state);

/// Fingerprints kept in the state: equal exactly where key or columns are equal.
std::string key_fingerprint(const Table& table);
std::string columns_fingerprint(const Table& table);

/// 64-bit FNV-1a of a text, as 16 hex digits.
std::string fingerprint(const std::string& text);

}  // namespace ringsync
