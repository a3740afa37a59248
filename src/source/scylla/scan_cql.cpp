#include "source/scylla/scan_cql.h"

#include <fmt/format.h>

namespace ringsync {
namespace {

std::string column_list(const Table& table, size_t count) {
  std::string list;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) list += ", ";
    list += quoted(table.columns[i].name);
  }
  return list;
}

}  // namespace

std::string scan_cql(const ScanQuery& query, const ScyllaExtras& extras) {
  const Table& table = query.table;
  const std::string token = "token(" + column_list(table, table.partition_key_count) + ")";
  std::string text = fmt::format("SELECT {} FROM {}.{} WHERE {} > ? AND {} <= ?",
                                 column_list(table, table.columns.size()), quoted(table.keyspace),
                                 quoted(table.name), token, token);
  if (query.cursor_column && query.cursor_after_ms) {
    const std::string cursor = quoted(table.columns[*query.cursor_column].name);
    text += fmt::format(" AND {} > ?", cursor);
    if (query.cursor_until_ms) text += fmt::format(" AND {} <= ?", cursor);
    if (!query.by_index) text += " ALLOW FILTERING";
  }
  if (extras.enabled) {
    text += " BYPASS CACHE";
    if (extras.server_timeout_ms > 0) {
      text += fmt::format(" USING TIMEOUT {}ms", extras.server_timeout_ms);
    }
  }
  return text;
}

}  // namespace ringsync
