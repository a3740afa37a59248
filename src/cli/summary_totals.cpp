#include "cli/summary_totals.h"

#include <fmt/format.h>

#include "cli/quantities.h"

namespace ringsync {

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone: return "done";
    case Outcome::kFailed: return "failed";
    case Outcome::kInterrupted: return "interrupted";
  }
  return "failed";
}

std::optional<Error> error_of(const TableSummary& table) {
  if (table.error || !table.finished || table.reconciles()) return table.error;
  const uint64_t accounted = table.rows_sent + table.rows_reported;
  const bool lost = table.rows_read > accounted;
  const uint64_t difference = lost ? table.rows_read - accounted : accounted - table.rows_read;
  return Error{
      ErrorCode::kInternal,
      fmt::format("{} rows read, but {} sent + {} reported: {} {}. This is a defect of "
                  "Ringsync: do not rely on this table, and report it with a log of "
                  "--log-level debug",
                  grouped(table.rows_read), grouped(table.rows_sent), grouped(table.rows_reported),
                  grouped(difference), lost ? "missing" : "too many")};
}

Outcome table_outcome(const TableSummary& table, bool interrupted) {
  if (error_of(table)) return Outcome::kFailed;
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
