#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/error_catalogue.h"
#include "cli/quantities.h"
#include "cli/summary.h"
#include "cli/summary_totals.h"

namespace ringsync {
namespace {

constexpr size_t kColumnCount = 10;
using Row = std::array<std::string, kColumnCount>;

// Columns 0 to 2 are words, the others numbers. 3 to 5 are the reconciliation, with "=" and "+"
// before the latter two.
constexpr size_t kNumbersFrom = 3;
const Row kHeader{"table",    "outcome", "run",   "rows read", "rows sent",
                  "reported", "deleted", "bytes", "time",      "rows/s"};

Row row_of(const TableSummary& table, bool interrupted) {
  return {table.name,
          std::string(outcome_name(table_outcome(table, interrupted))),
          fmt::format("{}{}", to_string(table.run), table.resumed ? ", resumed" : ""),
          grouped(table.rows_read),
          grouped(table.rows_sent),
          grouped(table.rows_reported),
          table.rows_deleted ? grouped(*table.rows_deleted) : "-",
          byte_text(table.bytes),
          duration_text(table.seconds),
          grouped(rate(table.rows_sent, table.seconds))};
}

Row totals_row(const SyncSummary& summary, const SummaryTotals& totals) {
  return {
      fmt::format("{} {}", summary.tables.size(), summary.tables.size() == 1 ? "table" : "tables"),
      std::string(outcome_name(totals.outcome)),
      "",
      grouped(totals.rows_read),
      grouped(totals.rows_sent),
      grouped(totals.rows_reported),
      grouped(totals.rows_deleted),
      byte_text(totals.bytes),
      duration_text(summary.seconds),
      grouped(rate(totals.rows_sent, summary.seconds))};
}

/// `equal`: what stands between rows read and rows sent.
std::string line_of(const Row& row, const std::array<size_t, kColumnCount>& widths,
                    std::string_view equal, std::string_view plus) {
  std::string line;
  for (size_t i = 0; i < kColumnCount; ++i) {
    const bool number = i >= kNumbersFrom;
    if (i == 4) line += fmt::format("{:^5}", equal);
    if (i == 5) line += fmt::format("{:^5}", plus);
    if (i != 0 && i != 4 && i != 5) line += "  ";
    line += number ? fmt::format("{:>{}}", row[i], widths[i])
                   : fmt::format("{:<{}}", row[i], widths[i]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string remarks_on(const TableSummary& table) {
  std::string text;
  if (const std::optional<Error> error = error_of(table)) {
    text += fmt::format("{}  {}: {}\n", table.error ? "FAILED" : "DOES NOT ADD UP", table.name,
                        coded_text(*error));
  }
  if (table.rows_reported > 0) {
    text += fmt::format("NOT SENT  {}: {} rows; the log says why\n", table.name,
                        grouped(table.rows_reported));
  }
  for (const auto& [column, count] : table.nulled_values) {
    text += fmt::format("NULLED  {}: {} values of column {}, which the destination cannot hold\n",
                        table.name, grouped(count), column);
  }
  if (table.null_cursor_rows > 0) {
    text += fmt::format(
        "NOTE  {}: {} rows have no value in the cursor column; later incremental syncs will not "
        "see them\n",
        table.name, grouped(table.null_cursor_rows));
  }
  return text;
}

}  // namespace

std::string summary_text(const SyncSummary& summary) {
  const SummaryTotals totals = totals_of(summary);
  std::vector<Row> rows{kHeader};
  for (const TableSummary& table : summary.tables) {
    rows.push_back(row_of(table, summary.interrupted));
  }
  rows.push_back(totals_row(summary, totals));
  std::array<size_t, kColumnCount> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < kColumnCount; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  std::string remarks;
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool is_table = i > 0 && i + 1 < rows.size();
    const bool unequal = is_table ? !summary.tables[i - 1].reconciles()
                                  : totals.rows_read != totals.rows_sent + totals.rows_reported;
    text += line_of(rows[i], widths, i > 0 && unequal ? "!=" : "=", "+");
    if (is_table) remarks += remarks_on(summary.tables[i - 1]);
  }
  if (summary.interrupted) {
    remarks += "INTERRUPTED: the next sync goes on from the last checkpoint\n";
  }
  return remarks.empty() ? text : text + '\n' + remarks;
}

}  // namespace ringsync
