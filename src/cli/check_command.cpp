#include "cli/check_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/encoding_choice.h"
#include "cli/open_source.h"
#include "plan/table_planning.h"
#include "sink/arrow/arrow_mapping.h"

namespace ringsync {
namespace {

std::string key_text(const Table& table) {
  std::string text = "(";
  for (uint16_t i = 0; i < table.primary_key_count; ++i) {
    if (i > 0) text += ", ";
    text += table.columns[i].name;
  }
  return text + ")";
}

std::string mode_text(const Table& table, const Configuration& configuration) {
  TableState unknown;
  const TablePlan plan =
      plan_table(table, unknown, {configuration.cursor_column, 0}, PlanningTimes{});
  if (plan.mode == SyncMode::kTimestamp) return "incremental by " + configuration.cursor_column;
  return "in full each run: " + plan.full_reason;
}

/// Prints one table; false where it cannot be synced.
bool print_table(const Table& table, const Configuration& configuration, size_t name_width) {
  fmt::print("  {:<{}}  key {}, {} columns; {}\n", table.name, name_width, key_text(table),
             table.columns.size(), mode_text(table, configuration));
  const auto supported = arrow_types(table, arrow_encoding(configuration));
  if (!supported.ok()) fmt::print("  {:<{}}  ! {}\n", "", name_width, supported.error().message);
  return supported.ok();
}

}  // namespace

Result<ExitCode> run_check_command(const Arguments& arguments) {
  RINGSYNC_ASSIGN(const Configuration configuration,
                  read_configuration(arguments.configuration_path));
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, open_source(configuration));
  RINGSYNC_ASSIGN(const SourceIdentity identity, source->identity());
  RINGSYNC_ASSIGN(const Ring ring, source->ring());
  RINGSYNC_ASSIGN(const Keyspace keyspace, source->keyspace());
  std::vector<std::string> names;
  for (const Table& table : keyspace.tables) names.push_back(table.name);
  RINGSYNC_ASSIGN(const std::vector<std::string> selected, select_tables(configuration, names));

  fmt::print("cluster \"{}\", version {}: {} node{} in {}\n", identity.cluster,
             identity.server_version, ring.node_count, ring.node_count == 1 ? "" : "s",
             configuration.data_center_region);
  fmt::print("keyspace \"{}\": {} of {} tables selected\n", keyspace.name, selected.size(),
             keyspace.tables.size());
  size_t name_width = 0;
  for (const std::string& name : selected) name_width = std::max(name_width, name.size());
  bool all_supported = true;
  for (const Table& table : keyspace.tables) {
    if (std::find(selected.begin(), selected.end(), table.name) == selected.end()) continue;
    all_supported &= print_table(table, configuration, name_width);
  }
  std::fflush(stdout);
  return all_supported ? kExitDone : kExitTableFailed;
}

}  // namespace ringsync
