// {"outcome": "done" | "failed" | "interrupted", "seconds": …, "totals": {"tables", "done",
// "failed", "rows_read", "rows_sent", "rows_reported", "rows_deleted", "bytes"}, "process":
// {"cpu_seconds", "peak_kib"}, "tables":
// [{"name", "mode": "timestamp" | "full", "run": "first" | "incremental" | "full", "resumed",
// "outcome", "reconciled", "rows_read", "rows_sent", "rows_reported", "index_windows",
// "null_cursor_rows", "nulled_values": {column: number}, "rows_deleted": number | null, "bytes",
// "seconds", "error": {"code", "message"} | null}]}
#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "cli/error_json.h"
#include "cli/summary.h"
#include "cli/summary_totals.h"

namespace ringsync {
namespace {

using nlohmann::ordered_json;

ordered_json table_json(const TableSummary& table, bool interrupted) {
  ordered_json json{{"name", table.name},
                    {"mode", to_string(table.mode)},
                    {"run", to_string(table.run)},
                    {"resumed", table.resumed},
                    {"outcome", outcome_name(table_outcome(table, interrupted))},
                    {"reconciled", table.reconciles()},
                    {"rows_read", table.rows_read},
                    {"rows_sent", table.rows_sent},
                    {"rows_reported", table.rows_reported},
                    {"index_windows", table.index_windows},
                    {"null_cursor_rows", table.null_cursor_rows},
                    {"nulled_values", ordered_json::object()},
                    {"rows_deleted", nullptr},
                    {"bytes", table.bytes},
                    {"seconds", table.seconds},
                    {"error", error_json(error_of(table))}};
  for (const auto& [column, count] : table.nulled_values) json["nulled_values"][column] = count;
  if (table.rows_deleted) json["rows_deleted"] = *table.rows_deleted;
  return json;
}

}  // namespace

std::string summary_json(const SyncSummary& summary) {
  const SummaryTotals totals = totals_of(summary);
  ordered_json tables = ordered_json::array();
  for (const TableSummary& table : summary.tables) {
    tables.push_back(table_json(table, summary.interrupted));
  }
  const ordered_json json{
      {"outcome", outcome_name(totals.outcome)},
      {"seconds", summary.seconds},
      {"totals",
       {{"tables", summary.tables.size()},
        {"done", totals.done},
        {"failed", totals.failed},
        {"rows_read", totals.rows_read},
        {"rows_sent", totals.rows_sent},
        {"rows_reported", totals.rows_reported},
        {"rows_deleted", totals.rows_deleted},
        {"bytes", totals.bytes}}},
      {"process",
       {{"cpu_seconds", summary.process.cpu_seconds}, {"peak_kib", summary.process.peak_kib}}},
      {"tables", std::move(tables)}};
  // A server's message may hold bytes that are not UTF-8.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

Status write_summary_json(const SyncSummary& summary, const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << summary_json(summary);
  file.close();
  if (file) return {};
  return Error{ErrorCode::kOutput,
               fmt::format("the summary cannot be written to {} ({}); name another file with "
                           "--summary-json",
                           path, std::generic_category().message(errno))};
}

}  // namespace ringsync
