#include "sink/adbc/sql.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <functional>

#include "model/table.h"

namespace ringsync {
namespace {

std::string table_name(const TargetLayout& layout) {
  return quoted(layout.catalog) + "." + quoted(layout.schema) + "." + quoted(layout.table);
}

std::string stage_name(const std::string& stage) { return "temp.main." + quoted(stage); }

std::string joined(const TargetLayout& layout,
                   const std::function<std::string(size_t, const TargetColumn&)>& part,
                   std::string_view separator, bool keys_only = false) {
  std::string out;
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    if (keys_only && !layout.columns[i].is_key) continue;
    if (!out.empty()) out += separator;
    out += part(i, layout.columns[i]);
  }
  return out;
}

std::string struct_type(const ArrowType& type) {
  std::string fields;
  for (const ArrowField& field : type.children) {
    if (!fields.empty()) fields += ", ";
    fields += quoted(field.name) + " " + duckdb_type(field.type);
  }
  return "STRUCT(" + fields + ")";
}

}  // namespace

std::string duckdb_type(const ArrowType& type) {
  switch (type.kind) {
    case ArrowKind::kInt8: return "TINYINT";
    case ArrowKind::kInt16: return "SMALLINT";
    case ArrowKind::kInt32: return "INTEGER";
    case ArrowKind::kInt64: return "BIGINT";
    case ArrowKind::kFloat: return "FLOAT";
    case ArrowKind::kDouble: return "DOUBLE";
    case ArrowKind::kBoolean: return "BOOLEAN";
    case ArrowKind::kTimestamp: return "TIMESTAMP WITH TIME ZONE";
    case ArrowKind::kDate: return "DATE";
    case ArrowKind::kTime: return "TIME_NS";
    case ArrowKind::kUuid: return "UUID";
    case ArrowKind::kText: return "VARCHAR";
    case ArrowKind::kBinary: return "BLOB";
    case ArrowKind::kDecimal128: return fmt::format("DECIMAL({},{})", type.precision, type.scale);
    case ArrowKind::kJson: return "JSON";
    case ArrowKind::kList: return duckdb_type(type.children[0].type) + "[]";
    case ArrowKind::kFixedSizeList:
      return fmt::format("{}[{}]", duckdb_type(type.children[0].type), type.list_size);
    case ArrowKind::kMap:
      return fmt::format("MAP({}, {})", duckdb_type(type.children[0].type),
                         duckdb_type(type.children[1].type));
    case ArrowKind::kStruct: return struct_type(type);
  }
  return "VARCHAR";
}

std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
  return out;
}

std::string timestamp_literal(int64_t us) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(us)};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("TIMESTAMPTZ '{:%Y-%m-%d %H:%M:%S}.{:06}+00'",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (time - seconds).count());
}

std::string folded(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

std::string create_schema_sql(const std::string& catalog, const std::string& schema) {
  return "CREATE SCHEMA IF NOT EXISTS " + quoted(catalog) + "." + quoted(schema);
}

std::string create_table_sql(const TargetLayout& layout) {
  return fmt::format("CREATE TABLE {} ({})", table_name(layout),
                     joined(
                         layout,
                         [](size_t, const TargetColumn& column) {
                           return fmt::format("{} {}", quoted(column.name),
                                              duckdb_type(column.type));
                         },
                         ", "));
}

std::string add_column_sql(const TargetLayout& layout, const TargetColumn& column) {
  return fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table_name(layout), quoted(column.name),
                     duckdb_type(column.type));
}

std::string describe_sql(const TargetLayout& layout) {
  return fmt::format(
      "SELECT table_name, column_name, data_type, column_default FROM duckdb_columns() "
      "WHERE database_name = {} AND lower(schema_name) = lower({}) "
      "AND lower(table_name) = lower({}) ORDER BY column_index",
      literal(layout.catalog), literal(layout.schema), literal(layout.table));
}

std::string constraints_sql(const TargetLayout& layout) {
  const std::string is_ours = fmt::format("database_name = {} AND lower(schema_name) = lower({})",
                                          literal(layout.catalog), literal(layout.schema));
  const std::string name = literal(layout.table);
  return fmt::format(
      "SELECT constraint_index::VARCHAR, constraint_type, unnest(constraint_column_names) "
      "FROM duckdb_constraints() WHERE {0} AND lower(table_name) = lower({1}) "
      "UNION ALL SELECT '', 'FOREIGN KEY of ' || table_name, NULL FROM duckdb_constraints() "
      "WHERE {0} AND lower(referenced_table) = lower({1}) "
      "UNION ALL SELECT '', 'UNIQUE INDEX ' || index_name, NULL FROM duckdb_indexes() "
      "WHERE {0} AND lower(table_name) = lower({1}) AND is_unique "
      "UNION ALL SELECT '', 'GENERATED column', NULL FROM duckdb_tables() "
      "WHERE {0} AND lower(table_name) = lower({1}) AND contains(sql, ' GENERATED ALWAYS AS(')",
      is_ours, name);
}

std::string schema_spelling_sql(const std::string& catalog, const std::string& schema) {
  return fmt::format(
      "SELECT schema_name FROM duckdb_schemas() WHERE database_name = {} "
      "AND lower(schema_name) = lower({})",
      literal(catalog), literal(schema));
}

std::string views_sql(const TargetLayout& layout) {
  return fmt::format(
      "SELECT view_name FROM duckdb_views() WHERE database_name = {} "
      "AND lower(schema_name) = lower({}) AND lower(view_name) = lower({})",
      literal(layout.catalog), literal(layout.schema), literal(layout.table));
}

std::string has_rows_sql(const TargetLayout& layout) {
  return fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1)", table_name(layout));
}

std::string create_stage_sql(const TargetLayout& layout, const std::string& stage) {
  return fmt::format("CREATE TEMP TABLE {} ({})", stage_name(stage),
                     joined(
                         layout,
                         [](size_t i, const TargetColumn& column) {
                           return fmt::format("c{} {}", i, duckdb_type(column.type));
                         },
                         ", "));
}

std::string drop_stage_sql(const std::string& stage) { return "DROP TABLE " + stage_name(stage); }

std::string dedupe_stage_sql(const TargetLayout& layout, const std::string& stage) {
  const auto key = [](size_t i, const TargetColumn&) { return fmt::format("c{}", i); };
  const auto match = [](size_t i, const TargetColumn&) {
    return fmt::format("s.c{0} = d.c{0}", i);
  };
  return fmt::format(
      "DELETE FROM {0} AS s USING (SELECT {1}, max(rowid) AS last_row FROM {0} "
      "GROUP BY {1} HAVING count(*) > 1) AS d WHERE {2} AND s.rowid < d.last_row",
      stage_name(stage), joined(layout, key, ", ", true), joined(layout, match, " AND ", true));
}

std::string delete_staged_keys_sql(const TargetLayout& layout, const std::string& stage) {
  const auto match = [](size_t i, const TargetColumn& column) {
    return fmt::format("t.{} = s.c{}", quoted(column.name), i);
  };
  return fmt::format("DELETE FROM {} AS t USING {} AS s WHERE {}", table_name(layout),
                     stage_name(stage), joined(layout, match, " AND ", true));
}

std::string insert_staged_sql(const TargetLayout& layout, const std::string& stage) {
  const auto name = [](size_t, const TargetColumn& column) { return quoted(column.name); };
  const auto staged = [](size_t i, const TargetColumn&) { return fmt::format("c{}", i); };
  return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", table_name(layout),
                     joined(layout, name, ", "), joined(layout, staged, ", "), stage_name(stage));
}

std::string sweep_sql(const TargetLayout& layout, int64_t run_started_us) {
  return fmt::format(
      "UPDATE {0} SET {1} = true, {2} = {3} "
      "WHERE {1} IS NOT TRUE AND ({2} < {3} OR {2} IS NULL)",
      table_name(layout), kDeletedColumn, kSyncedColumn, timestamp_literal(run_started_us));
}

std::string state_table_name(const std::string& catalog) {
  return quoted(catalog) + R"(."_ringsync"."state")";
}

std::string create_state_sql(const std::string& state_table) {
  return fmt::format(
      "CREATE TABLE IF NOT EXISTS {} (source VARCHAR PRIMARY KEY, sequence BIGINT NOT NULL, "
      "state VARCHAR NOT NULL, written_at TIMESTAMPTZ NOT NULL)",
      state_table);
}

std::string same_sources_sql(const std::string& state_table, const std::string& source) {
  return fmt::format("SELECT source FROM {} WHERE lower(source) = lower({})", state_table,
                     literal(source));
}

std::string load_state_sql(const std::string& state_table, const std::string& source) {
  return fmt::format("SELECT sequence::VARCHAR, state FROM {} WHERE source = {}", state_table,
                     literal(source));
}

std::string insert_state_sql(const std::string& state_table, const std::string& source,
                             uint64_t sequence, std::string_view state, int64_t now_us) {
  return fmt::format("INSERT INTO {} VALUES ({}, {}, {}, {})", state_table, literal(source),
                     sequence, literal(state), timestamp_literal(now_us));
}

std::string update_state_sql(const std::string& state_table, const std::string& source,
                             uint64_t expected_sequence, uint64_t sequence, std::string_view state,
                             int64_t now_us) {
  return fmt::format(
      "UPDATE {} SET sequence = {}, state = {}, written_at = {} WHERE source = {} AND sequence = "
      "{}",
      state_table, sequence, literal(state), timestamp_literal(now_us), literal(source),
      expected_sequence);
}

}  // namespace ringsync
