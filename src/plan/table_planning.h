// How a table is read in this run: mode, bounds and the time fixed before the first page. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/state.h"
#include "model/table_plan.h"

namespace ringsync {

struct PlanningOptions {
  std::string cursor_column = "updated_at";
  int64_t overlap_ms = 300'000;
  bool use_indexes = true;
  std::optional<int64_t> floor_ms = std::nullopt;  // a first run reads only later rows
};

/// Times taken once before any table is read.
struct PlanningTimes {
  int64_t until_ms = 0;  // min(client clock, coordinator clock) - lag, ms since the epoch
  int64_t now_us = 0;    // client clock, µs since the epoch
};

/// What was decided about the columns of one table.
struct ColumnChoice {
  std::vector<std::string> left_out = {};  // not sent; none of the primary key
  /// Types at the destination of columns where the configuration decides, by name. None at all:
  /// nothing is compared.
  std::map<std::string, std::string> types = {};
};

/// Plans a table from its schema and what is known of it. `state` is brought up to date with the
/// schema first: another table id or primary key drops all of it, other columns or another mode
/// drop the run under way. The table is begun anew where a column that was left out or had gone is
/// to be sent, where a column's type is another, and where the floor is earlier than the one it was
/// read with. A run under way keeps its bounds; else a new one is begun and put there.
/// A cursor column that is left out is read all the same: it bounds the reads, and rows without one
/// are counted.
TablePlan plan_table(const Table& table, TableState& state, const PlanningOptions& options,
                     PlanningTimes times, const ColumnChoice& choice = {});

/// Index of the column by whose bounds a table can be read; nothing, and why in `reason`, where it
/// has none.
std::optional<uint16_t> find_cursor(const Table& table, const std::string& cursor_column,
                                    std::string& reason);

/// The state of a table that was read up to `cursor_ms` by somebody else.
TableState state_read_until(const Table& table, const std::string& cursor_column,
                            int64_t cursor_ms);

/// Forgets all that is known of a table but the start of its last run, so that the next run reads
/// it from the beginning and its rows are later than those that stay in the destination.
void forget_progress(TableState& state);

/// Closes the state's run as complete: its `until` is the base of the next.
void complete_run(TableState& state);

/// True where nothing that is kept of a table between runs differs, and `before` has no run under
/// way: what the last run brought is what a new one would be planned for.
bool is_unchanged(const TableState& before, const TableState& planned);

/// Fingerprints kept in the state: equal exactly where key or columns are equal.
std::string key_fingerprint(const Table& table);
std::string columns_fingerprint(const Table& table);

/// 64-bit FNV-1a of a text, as 16 hex digits.
std::string fingerprint(const std::string& text);

}  // namespace ringsync
