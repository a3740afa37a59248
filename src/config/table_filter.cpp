#include "config/table_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/nearest.h"
#include "config/values.h"

namespace ringsync {
namespace {

bool matches_any(std::span<const std::string> patterns, std::string_view name) {
  return std::ranges::any_of(
      patterns, [&](const std::string& pattern) { return pattern_matches(pattern, name); });
}

void add_not_found(const std::string& key, std::span<const std::string> patterns,
                   bool wildcards_too, std::span<const std::string> discovered,
                   std::vector<NameNotFound>& not_found) {
  for (const std::string& pattern : patterns) {
    const bool has_wildcard = pattern.find('*') != std::string::npos;
    if (has_wildcard && !wildcards_too) continue;
    if (std::ranges::any_of(
            discovered, [&](const std::string& name) { return pattern_matches(pattern, name); })) {
      continue;
    }
    not_found.push_back(
        {key, pattern, has_wildcard ? std::nullopt : nearest_name(pattern, discovered)});
  }
}

}  // namespace

Result<std::vector<std::string>> parse_table_list(std::string_view text) {
  std::vector<std::string> patterns = split_list(text);
  for (const std::string& pattern : patterns) {
    const auto fit = read_table_pattern(pattern);
    if (!fit.ok()) {
      return Error{ErrorCode::kConfig,
                   fmt::format("{} {}", quoted_for_message(pattern), fit.error().message)};
    }
  }
  return patterns;
}

bool pattern_matches(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;  // the last `*` met, and where its text may end
  size_t star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool selects(const Configuration& configuration, const std::string& table) {
  if (matches_any(configuration.exclude_tables, table)) return false;
  return configuration.tables.empty() || matches_any(configuration.tables, table);
}

std::optional<DecimalSize> decimal_size(const std::vector<DecimalType>& types,
                                        const std::string& table, const std::string& column) {
  for (const DecimalType& type : types) {
    if (type.column != column || !pattern_matches(type.table, table)) continue;
    return DecimalSize{type.precision, type.scale};
  }
  return std::nullopt;
}

std::string NameNotFound::message() const {
  std::string text = fmt::format("{}: no table of the keyspace is called \"{}\"", key, pattern);
  if (pattern.find('*') != std::string::npos) {
    text = fmt::format("{}: no table of the keyspace fits \"{}\"", key, pattern);
  }
  if (nearest) text += fmt::format("; did you mean \"{}\"?", *nearest);
  return text;
}

Result<std::vector<std::string>> tables_fitting(const std::vector<std::string>& patterns,
                                                const std::string& option,
                                                std::span<const std::string> discovered) {
  std::vector<NameNotFound> not_found;
  add_not_found(option, patterns, true, discovered, not_found);
  std::string missing;
  for (const NameNotFound& name : not_found) {
    missing += (missing.empty() ? "" : "\n") + name.message();
  }
  if (!missing.empty()) return Error{ErrorCode::kSchema, missing};
  std::vector<std::string> fitting;
  for (const std::string& table : discovered) {
    if (matches_any(patterns, table)) fitting.push_back(table);
  }
  return fitting;
}

std::vector<NameNotFound> names_not_found(const Configuration& configuration,
                                          std::span<const std::string> discovered) {
  std::vector<NameNotFound> not_found;
  add_not_found("tables", configuration.tables, true, discovered, not_found);
  add_not_found("exclude_tables", configuration.exclude_tables, false, discovered, not_found);
  return not_found;
}

}  // namespace ringsync
