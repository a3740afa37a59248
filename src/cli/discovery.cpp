#include "cli/discovery.h"

#include <algorithm>
#include <utility>

#include "config/keys.h"
#include "front/encoding_choice.h"
#include "front/open_source.h"
#include "model/fivetran_type.h"
#include "plan/table_planning.h"
#include "sink/arrow/arrow_mapping.h"

namespace ringsync {
namespace {

bool is_decimal(const CqlType& type) {
  return type.kind == TypeKind::kDecimal || type.kind == TypeKind::kVarint;
}

DiscoveredColumn discovered_column(const Table& table, size_t index,
                                   const Configuration& configuration,
                                   const ArrowEncoding& encoding) {
  const Column& column = table.columns[index];
  DiscoveredColumn found{column.name, to_string(column.type), column.kind, std::nullopt};
  std::optional<DecimalSize> size;
  if (is_decimal(column.type) && encoding.decimal_size) {
    size = encoding.decimal_size(table.name, column.name);
  }
  const auto type =
      fivetran_type(column.type, configuration.type_mapping, index < table.primary_key_count, size);
  if (type) found.fivetran_type = to_string(*type);
  return found;
}

DiscoveredTable discovered_table(const Table& table, const Configuration& configuration) {
  DiscoveredTable found;
  found.name = table.name;
  found.is_view = table.is_view;
  found.indexes = table.indexes;
  found.primary_key_count = table.primary_key_count;
  TableState unknown;
  PlanningOptions options;
  options.cursor_column = configuration.cursor_column;
  const TablePlan plan = plan_table(table, unknown, options, PlanningTimes{});
  found.mode = plan.mode;
  found.mode_reason = plan.mode == SyncMode::kTimestamp
                          ? "incremental by " + configuration.cursor_column
                          : "in full each run: " + plan.full_reason;
  const ArrowEncoding encoding = arrow_encoding(configuration);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    found.columns.push_back(discovered_column(table, i, configuration, encoding));
  }
  const auto types = arrow_types(table, encoding);
  if (!types.ok()) found.error = types.error();
  return found;
}

}  // namespace

Result<Discovery> discover(Source& source, const Configuration& configuration) {
  Discovery discovery;
  RINGSYNC_ASSIGN(discovery.identity, source.identity());
  RINGSYNC_ASSIGN(const Ring ring, source.ring());
  RINGSYNC_ASSIGN(const Keyspace keyspace, source.keyspace());
  discovery.node_count = ring.node_count;
  discovery.data_center = configuration.data_center_region;
  discovery.type_mapping =
      find_key("type_mapping")->choices[static_cast<size_t>(configuration.type_mapping)].name;
  std::vector<std::string> names;
  for (const Table& table : keyspace.tables) {
    if (configuration.include_views || !table.is_view) names.push_back(table.name);
  }
  RINGSYNC_ASSIGN(const std::vector<std::string> selected, select_tables(configuration, names));
  for (const Table& table : keyspace.tables) {
    discovery.tables.push_back(discovered_table(table, configuration));
    discovery.tables.back().is_selected = std::ranges::find(selected, table.name) != selected.end();
  }
  return discovery;
}

}  // namespace ringsync
