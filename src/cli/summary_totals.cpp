#include "cli/summary_totals.h"

namespace ringsync {

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone: return "done";
    case Outcome::kFailed: return "failed";
    case Outcome::kInterrupted: return "interrupted";
  }
  return "failed";
}

bool is_mismatch(const TableSummary& table) { return table.finished && !table.reconciles(); }

Outcome table_outcome(const TableSummary& table, bool interrupted) {
  if (table.error || is_mismatch(table)) return Outcome::kFailed;
  if (table.finished) return Outcome::kDone;
  return interrupted ? Outcome::kInterrupted : Outcome::kFailed;
}

SummaryTotals totals_of(const SyncSummary& summary) {
  SummaryTotals totals;
  for (const TableSummary& table : summary.tables) {
    const Outcome outcome = table_outcome(table, summary.interrupted);
    totals.done += outcome == Outcome::kDone ? 1 : 0;
    totals.failed += outcome == Outcome::kFailed ? 1 : 0;
    totals.rows_read += table.rows_read;
    totals.rows_sent += table.rows_sent;
    totals.rows_reported += table.rows_reported;
    totals.rows_deleted += table.rows_deleted.value_or(0);
    totals.bytes += table.bytes;
  }
  if (totals.failed > 0) totals.outcome = Outcome::kFailed;
  if (summary.interrupted) totals.outcome = Outcome::kInterrupted;
  return totals;
}

}  // namespace ringsync
