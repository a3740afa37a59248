#include "cli/plan_text.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error_catalogue.h"
#include "cli/error_json.h"
#include "cli/quantities.h"

namespace ringsync {
namespace {

using nlohmann::ordered_json;

std::string utc(int64_t ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> moment{std::chrono::milliseconds(ms)};
  const auto days = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss<std::chrono::milliseconds> time(moment - days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

std::string size_text(const TablePreview& table) {
  const std::string_view about = table.table_is_exact ? "" : "about ";
  const uint64_t rows = table.table.rows;
  return fmt::format("{}{} row{}, {}{}", about, grouped(rows), rows == 1 ? "" : "s", about,
                     byte_text(rows * table.table.row_bytes));
}

std::string bounds_text(const TablePreview& table) {
  if (!table.plan.cursor_after_ms) return "every row";
  return fmt::format("rows after {}, no upper bound", utc(*table.plan.cursor_after_ms));
}

std::string table_text(const TablePreview& table) {
  std::string text = fmt::format("\n{}: {}\n", table.plan.table.name, table.reason);
  if (table.error) {
    return text + fmt::format("  ! {}\n", coded_text(*table.error));
  }
  text += fmt::format("  reads      {}\n", bounds_text(table));
  if (table.resumes) {
    text += fmt::format("  resumes    {:.0f} % is done already\n", 100 * table.done_share);
  }
  text += fmt::format("  next base  {}\n", utc(table.plan.until_ms));
  text += fmt::format("  method     {}: {}\n", to_string(table.method), table.method_reason);
  text += fmt::format("  table      {}\n", size_text(table));
  text += fmt::format("  splits     {}\n", grouped(table.splits));
  for (const std::string& cql : table.statements) text += fmt::format("  sends      {}\n", cql);
  for (const BlindSpot spot : table.blind_spots) {
    text += fmt::format("  not seen   {}\n", to_string(spot));
  }
  for (const std::string& cql : table.helpful_cql) {
    text += fmt::format("  would help {}\n", cql);
  }
  return text;
}

ordered_json estimates_json(const MethodEstimate& estimates) {
  return {{"index", estimates.index},
          {"windows", estimates.windows},
          {"index_seconds", estimates.index_seconds},
          {"scan_seconds", estimates.scan_seconds}};
}

ordered_json table_json(const TablePreview& table) {
  ordered_json blind_spots = ordered_json::array();
  for (const BlindSpot spot : table.blind_spots) blind_spots.push_back(to_string(spot));
  ordered_json json{{"name", table.plan.table.name},
                    {"mode", to_string(table.plan.mode)},
                    {"run", to_string(table.plan.run)},
                    {"reason", table.reason},
                    {"resumes", table.resumes},
                    {"done_share", table.done_share},
                    {"after", nullptr},
                    {"until", utc(table.plan.until_ms)},
                    {"method", to_string(table.method)},
                    {"method_reason", table.method_reason},
                    {"estimates", nullptr},
                    {"rows", table.table.rows},
                    {"bytes", table.table.rows * table.table.row_bytes},
                    {"exact", table.table_is_exact},
                    {"splits", table.splits},
                    {"statements", table.statements},
                    {"not_seen", std::move(blind_spots)},
                    {"would_help", table.helpful_cql},
                    {"error", error_json(table.error)}};
  if (table.plan.cursor_after_ms) json["after"] = utc(*table.plan.cursor_after_ms);
  if (table.estimates) json["estimates"] = estimates_json(*table.estimates);
  return json;
}

}  // namespace

std::string plan_text(const std::vector<TablePreview>& previews) {
  std::string text =
      fmt::format("{} table{} to sync\n", previews.size(), previews.size() == 1 ? "" : "s");
  for (const TablePreview& table : previews) text += table_text(table);
  return text;
}

std::string plan_json(const std::vector<TablePreview>& previews) {
  ordered_json tables = ordered_json::array();
  for (const TablePreview& table : previews) tables.push_back(table_json(table));
  const ordered_json json{{"tables", std::move(tables)}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace ringsync
