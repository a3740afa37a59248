#include "cli/progress_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "cli/quantities.h"

namespace ringsync {
namespace {

constexpr std::string_view kBarColour = "\x1b[36m";
constexpr std::string_view kFailureColour = "\x1b[31m";
constexpr std::string_view kNoColour = "\x1b[0m";

double seconds_of(int64_t ms) { return static_cast<double>(ms) / 1000; }

/// 0..1 whatever the engine counted.
double share_of(const TableProgress& table) {
  return std::isfinite(table.ring_share) ? std::clamp(table.ring_share, 0.0, 1.0) : 0.0;
}

/// Nothing before there is enough to tell from.
std::optional<double> seconds_left(const TableProgress& table) {
  const double share = share_of(table);
  const double read = share - table.ring_share_start;
  if (table.state != TablePhase::kReading || !(read > 0.001) || table.reading_ms < 500) {
    return std::nullopt;
  }
  return (1 - share) / read * seconds_of(table.reading_ms);
}

/// Rounded down: 100 % means all of it.
int percent(const TableProgress& table) {
  return static_cast<int>(std::floor(share_of(table) * 100));
}

struct Totals {
  size_t waiting = 0;
  size_t reading = 0;
  size_t done = 0;
  size_t failed = 0;
  uint64_t rows = 0;
};

Totals totals_of(const ProgressSnapshot& progress) {
  Totals totals;
  for (const TableProgress& table : progress.tables) {
    totals.rows += table.rows;
    switch (table.state) {
      case TablePhase::kWaiting: ++totals.waiting; break;
      case TablePhase::kReading: ++totals.reading; break;
      case TablePhase::kDone: ++totals.done; break;
      case TablePhase::kFailed: ++totals.failed; break;
    }
  }
  return totals;
}

size_t columns_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The first `columns` characters; the last of them an ellipsis where some are left out.
std::string cut(std::string_view text, size_t columns, bool unicode) {
  if (columns_of(text) <= columns) return std::string(text);
  std::string kept;
  size_t used = 0;
  for (const char c : text) {
    const bool starts_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts_character && ++used >= columns) break;
    kept += c;
  }
  return columns == 0 ? "" : kept + (unicode ? "…" : "~");
}

std::string padded(std::string text, size_t columns) {
  const size_t used = columns_of(text);
  if (used < columns) text.append(columns - used, ' ');
  return text;
}

std::string bar(double share, size_t columns, const TerminalStyle& style) {
  const auto filled = static_cast<size_t>(std::floor(share * static_cast<double>(columns)));
  std::string text;
  if (style.colour) text += kBarColour;
  for (size_t i = 0; i < filled; ++i) text += style.unicode ? "█" : "#";
  for (size_t i = filled; i < columns; ++i) text += style.unicode ? "░" : "-";
  if (style.colour) text += kNoColour;
  return text;
}

std::string numbers_of(const TableProgress& table) {
  const std::optional<double> left = seconds_left(table);
  return fmt::format("{:>3} % {:>13} rows {:>9} rows/s {:>8}", percent(table), grouped(table.rows),
                     grouped(rate(table.rows, seconds_of(table.reading_ms))),
                     left ? duration_text(*left) + " left" : "");
}

std::string bar_line(const TableProgress& table, size_t name_columns, const TerminalStyle& style) {
  constexpr size_t kBarColumnsMin = 6;
  constexpr size_t kBarColumnsMax = 40;
  const size_t columns = style.width - 1;
  const std::string name = padded(cut(table.name, name_columns, style.unicode), name_columns);
  const std::string numbers = numbers_of(table);
  const size_t used = name_columns + columns_of(numbers) + 2;
  if (used + kBarColumnsMin > columns) {
    return cut(fmt::format("{} {}", name, numbers), columns, style.unicode);
  }
  const size_t bar_columns = std::min(kBarColumnsMax, columns - used);
  return fmt::format("{} {} {}", name, bar(share_of(table), bar_columns, style), numbers);
}

}  // namespace

std::string table_line(const TableProgress& table) {
  const double seconds = seconds_of(table.reading_ms);
  const std::string counted = fmt::format("{} rows", grouped(table.rows));
  switch (table.state) {
    case TablePhase::kWaiting: return fmt::format("{}: waiting", table.name);
    case TablePhase::kDone:
      return fmt::format("{}: done, {} in {}, {} rows/s", table.name, counted,
                         duration_text(seconds), grouped(rate(table.rows, seconds)));
    case TablePhase::kFailed: return fmt::format("{}: failed after {}", table.name, counted);
    case TablePhase::kReading: break;
  }
  const std::optional<double> left = seconds_left(table);
  return fmt::format("{}: {}, {} rows/s, {} % of the ring{}", table.name, counted,
                     grouped(rate(table.rows, seconds)), percent(table),
                     left ? fmt::format(", {} left", duration_text(*left)) : "");
}

std::string totals_line(const ProgressSnapshot& progress) {
  const Totals totals = totals_of(progress);
  const double seconds = seconds_of(progress.elapsed_ms);
  std::vector<std::string> counts;
  if (totals.reading > 0) counts.push_back(fmt::format("{} being read", totals.reading));
  if (totals.waiting > 0) counts.push_back(fmt::format("{} waiting", totals.waiting));
  counts.push_back(fmt::format("{} done", totals.done));
  if (totals.failed > 0) counts.push_back(fmt::format("{} failed", totals.failed));
  return fmt::format("{} {}: {}; {} rows, {} rows/s, {}", progress.tables.size(),
                     progress.tables.size() == 1 ? "table" : "tables", fmt::join(counts, ", "),
                     grouped(totals.rows), grouped(rate(totals.rows, seconds)),
                     duration_text(seconds));
}

std::vector<std::string> render_bars(const ProgressSnapshot& progress, const TerminalStyle& given) {
  TerminalStyle style = given;
  style.width = std::max<size_t>(style.width, 2);
  const size_t columns = style.width - 1;
  const size_t bars_max = std::max<size_t>(style.lines_max, 2) - 1;
  std::vector<const TableProgress*> shown;
  size_t name_columns = 0;
  for (const TableProgress& table : progress.tables) {
    if (table.state != TablePhase::kReading || shown.size() == bars_max) continue;
    shown.push_back(&table);
    name_columns = std::max(name_columns, columns_of(table.name));
  }
  name_columns = std::min(name_columns, std::max<size_t>(style.width / 4, 8));
  std::vector<std::string> lines;
  lines.reserve(shown.size() + 1);
  for (const TableProgress* table : shown) {
    lines.push_back(bar_line(*table, name_columns, style));
  }
  std::string totals = cut(totals_line(progress), columns, style.unicode);
  if (style.colour && totals_of(progress).failed > 0) {
    totals = fmt::format("{}{}{}", kFailureColour, totals, kNoColour);
  }
  lines.push_back(std::move(totals));
  return lines;
}

std::vector<std::string> ProgressLines::next(const ProgressSnapshot& progress) {
  std::vector<std::string> lines;
  states_.resize(progress.tables.size(), TablePhase::kWaiting);
  const TableProgress* slowest = nullptr;  // the one being read that has most of its ring to go
  for (size_t i = 0; i < states_.size(); ++i) {
    const TableProgress& table = progress.tables[i];
    const bool ended = table.state == TablePhase::kDone || table.state == TablePhase::kFailed;
    if (ended && states_[i] != table.state) lines.push_back(table_line(table));
    states_[i] = table.state;
    if (table.state != TablePhase::kReading) continue;
    if (slowest == nullptr || table.ring_share < slowest->ring_share) slowest = &table;
  }
  if (progress.elapsed_ms - last_totals_ms_ >= interval_ms_) {
    last_totals_ms_ = progress.elapsed_ms;
    lines.push_back(totals_line(progress));
    if (slowest != nullptr) lines.push_back(table_line(*slowest));
  }
  return lines;
}

}  // namespace ringsync
