#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error_catalogue.h"
#include "cli/discovery.h"
#include "cli/error_json.h"

namespace ringsync {
namespace {

using nlohmann::ordered_json;

std::string_view role_name(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kPartitionKey: return "partition_key";
    case ColumnKind::kClustering: return "clustering_key";
    case ColumnKind::kStatic: return "static";
    case ColumnKind::kRegular: return "regular";
  }
  return "regular";
}

std::string_view kind_name(IndexKind kind) {
  switch (kind) {
    case IndexKind::kSai: return "sai";
    case IndexKind::kSasi: return "sasi";
    case IndexKind::kOther: break;
  }
  return "other";
}

std::string head_text(const Discovery& discovery) {
  return fmt::format(
      "cluster \"{}\", version {}: {} node{} in {}\nkeyspace \"{}\": {} of {} tables selected\n",
      discovery.identity.cluster, discovery.identity.server_version, discovery.node_count,
      discovery.node_count == 1 ? "" : "s", discovery.data_center, discovery.identity.keyspace,
      discovery.selected_count(), discovery.tables.size());
}

std::string key_text(const DiscoveredTable& table) {
  std::string text;
  for (size_t i = 0; i < table.primary_key_count; ++i) {
    text += (i > 0 ? ", " : "") + table.columns[i].name;
  }
  return "(" + text + ")";
}

/// Widths of name, CQL type and Fivetran type, so that a table's columns stand below each other.
std::array<size_t, 3> widths_of(const DiscoveredTable& table) {
  std::array<size_t, 3> widths{};
  for (const DiscoveredColumn& column : table.columns) {
    widths[0] = std::max(widths[0], column.name.size());
    widths[1] = std::max(widths[1], column.cql_type.size());
    widths[2] = std::max(widths[2], column.fivetran_type.value_or("unsupported").size());
  }
  return widths;
}

std::string table_text(const DiscoveredTable& table) {
  std::string text = fmt::format("\n{}{}: {}\n", table.name, table.is_view ? " (view)" : "",
                                 table.is_selected ? table.mode_reason : "not selected");
  if (table.error) text += fmt::format("  ! {}\n", coded_text(*table.error));
  const std::array<size_t, 3> widths = widths_of(table);
  for (const DiscoveredColumn& column : table.columns) {
    const std::string_view role = column.kind == ColumnKind::kRegular ? "" : role_name(column.kind);
    std::string line =
        fmt::format("  {:<{}}  {:<{}}  {:<{}}  {}", column.name, widths[0], column.cql_type,
                    widths[1], column.fivetran_type.value_or("unsupported"), widths[2], role);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  for (const Index& index : table.indexes) {
    text += fmt::format("  index {} on {} ({})\n", index.name,
                        index.column.empty() ? "something else than a column" : index.column,
                        kind_name(index.kind));
  }
  return text;
}

ordered_json column_json(const DiscoveredColumn& column) {
  ordered_json json{{"name", column.name},
                    {"cql_type", column.cql_type},
                    {"role", role_name(column.kind)},
                    {"supported", column.fivetran_type.has_value()},
                    {"fivetran_type", nullptr}};
  if (column.fivetran_type) json["fivetran_type"] = *column.fivetran_type;
  return json;
}

ordered_json table_json(const DiscoveredTable& table) {
  ordered_json key = ordered_json::array();
  ordered_json columns = ordered_json::array();
  for (size_t i = 0; i < table.columns.size(); ++i) {
    columns.push_back(column_json(table.columns[i]));
    if (i < table.primary_key_count) key.push_back(table.columns[i].name);
  }
  ordered_json indexes = ordered_json::array();
  for (const Index& index : table.indexes) {
    indexes.push_back(
        {{"name", index.name}, {"column", index.column}, {"kind", kind_name(index.kind)}});
  }
  ordered_json json{{"name", table.name},
                    {"view", table.is_view},
                    {"selected", table.is_selected},
                    {"mode", to_string(table.mode)},
                    {"mode_reason", table.mode_reason},
                    {"primary_key", std::move(key)},
                    {"columns", std::move(columns)},
                    {"indexes", std::move(indexes)},
                    {"error", error_json(table.error)}};
  return json;
}

}  // namespace

size_t Discovery::selected_count() const {
  return static_cast<size_t>(std::ranges::count(tables, true, &DiscoveredTable::is_selected));
}

std::string check_text(const Discovery& discovery) {
  std::string text = head_text(discovery);
  size_t width = 0;
  for (const DiscoveredTable& table : discovery.tables) {
    if (table.is_selected) width = std::max(width, table.name.size());
  }
  for (const DiscoveredTable& table : discovery.tables) {
    if (!table.is_selected) continue;
    text += fmt::format("  {:<{}}  key {}, {} columns; {}\n", table.name, width, key_text(table),
                        table.columns.size(), table.mode_reason);
    if (table.error) {
      text += fmt::format("  {:<{}}  ! {}\n", "", width, coded_text(*table.error));
    }
  }
  return text;
}

std::string discovery_text(const Discovery& discovery) {
  std::string text = head_text(discovery);
  text += fmt::format("columns: name, CQL type, Fivetran type ({}), part of the key\n",
                      discovery.type_mapping);
  for (const DiscoveredTable& table : discovery.tables) text += table_text(table);
  return text;
}

std::string discovery_json(const Discovery& discovery) {
  ordered_json tables = ordered_json::array();
  for (const DiscoveredTable& table : discovery.tables) tables.push_back(table_json(table));
  const ordered_json json{{"cluster", discovery.identity.cluster},
                          {"server_version", discovery.identity.server_version},
                          {"data_center", discovery.data_center},
                          {"nodes", discovery.node_count},
                          {"keyspace", discovery.identity.keyspace},
                          {"type_mapping", discovery.type_mapping},
                          {"tables", std::move(tables)}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace ringsync
