#include "sink/adbc/duckdb_dialect.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/table.h"

namespace ringsync {
namespace {

std::string duckdb_type(const ArrowType& type);

std::string struct_type(const ArrowType& type) {
  std::string fields;
  for (const ArrowField& field : type.children) {
    if (!fields.empty()) fields += ", ";
    fields += quoted(field.name) + " " + duckdb_type(field.type);
  }
  return "STRUCT(" + fields + ")";
}

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

bool is_plain_name(std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::ranges::all_of(name, is_part);
}

/// The length of the quoted name at the start, whose own quotes are doubled; 0 where there is none.
size_t quoted_name_size(std::string_view type) {
  if (!type.starts_with('"')) return 0;
  size_t end = type.find('"', 1);
  while (end != std::string_view::npos && type.substr(end + 1).starts_with('"')) {
    end = type.find('"', end + 2);
  }
  return end == std::string_view::npos ? 0 : end + 1;
}

/// The type without the quotes of plain names: DuckDB's catalog has them for keywords alone.
std::string plainly_spelled(std::string_view type) {
  std::string out;
  while (!type.empty()) {
    const size_t size = std::max<size_t>(quoted_name_size(type), 1);
    const std::string_view part = type.substr(0, size);
    const bool is_plain = size > 1 && is_plain_name(part.substr(1, size - 2));
    out += is_plain ? part.substr(1, size - 2) : part;
    type.remove_prefix(size);
  }
  return out;
}

class DuckDbDialect final : public Dialect {
 public:
  explicit DuckDbDialect(std::string catalog) : catalog_(std::move(catalog)) {}

  std::string_view name() const override { return "DuckDB"; }
  Status limit(ArrowEncoding& encoding) const override {
    encoding.limits = ValueLimits();
    return {};
  }

  std::string folded(const std::string& name) const override { return ascii_folded(name); }
  std::optional<std::string_view> owner_of_keyspace(const std::string& name) const override {
    const std::string found = ascii_folded(name);
    if (found == "_ringsync") return "Ringsync's own tables";
    if (found == "pg_catalog" || found == "information_schema") return "DuckDB";
    return std::nullopt;
  }
  std::string table_name(const TargetLayout& layout) const override {
    return quoted(catalog_) + "." + quoted(layout.schema) + "." + quoted(layout.table);
  }
  // In full: a keyspace may be called temp.
  std::string stage_name(const std::string& stage) const override {
    return "temp.main." + quoted(stage);
  }
  IngestTarget ingest_target(const TargetLayout& layout) const override {
    return {catalog_, layout.schema, layout.table, false};
  }

  std::string type_name(const TargetColumn& column) const override {
    return duckdb_type(column.type);
  }
  ColumnFit fit(const std::string& existing_type, const TargetColumn& column) const override {
    const bool is_same = plainly_spelled(existing_type) == plainly_spelled(type_name(column));
    return is_same ? ColumnFit::kSame : Dialect::fit(existing_type, column);
  }

  std::string in_the_way_sql(const TargetLayout& layout, const ColumnChange&) const override {
    return fmt::format("SELECT 'index ' || index_name FROM duckdb_indexes() WHERE {} AND {}",
                       in_schema(layout), is_called("table_name", layout));
  }

  std::string schema_spelling_sql(const std::string& schema) const override {
    return fmt::format(
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = {} "
        "AND lower(schema_name) = lower({})",
        literal(catalog_), literal(schema));
  }
  std::string create_schema_sql(const std::string& schema) const override {
    return "CREATE SCHEMA " + quoted(catalog_) + "." + quoted(schema);
  }
  std::string name_taken_sql(const TargetLayout& layout) const override {
    return fmt::format("SELECT view_name, 'view' FROM duckdb_views() WHERE {} AND {}",
                       in_schema(layout), is_called("view_name", layout));
  }
  std::string describe_sql(const TargetLayout& layout) const override {
    return fmt::format(
        "SELECT table_name, column_name, data_type, column_default FROM duckdb_columns() "
        "WHERE {} AND {} ORDER BY column_index",
        in_schema(layout), is_called("table_name", layout));
  }
  std::string constraints_sql(const TargetLayout& layout) const override;
  std::string key_sql(const TargetLayout& layout) const override {
    return fmt::format("SELECT column_name FROM {} WHERE source = {} AND table_name = {}",
                       keys_table(), literal(layout.schema), literal(layout.table));
  }
  std::vector<std::string> remember_key_sql(const TargetLayout& layout) const override;

  std::string create_table_sql(const TargetLayout& layout) const override {
    return fmt::format("CREATE TABLE {} ({})", table_name(layout), column_definitions(layout));
  }
  std::string dedupe_stage_sql(const TargetLayout& layout, const std::string& stage) const override;
  std::vector<std::string> merge_sql(const TargetLayout& layout, const std::string& stage,
                                     bool may_meet_keys) const override;

  bool merge_passes_over_table() const override { return true; }

  std::string state_table() const override { return own_table("state"); }
  std::vector<std::string> create_state_sql() const override {
    return {
        fmt::format(
            "CREATE TABLE IF NOT EXISTS {} (source VARCHAR PRIMARY KEY, sequence BIGINT NOT "
            "NULL, state VARCHAR NOT NULL, written_at TIMESTAMPTZ NOT NULL)",
            state_table()),
        fmt::format("CREATE TABLE IF NOT EXISTS {} (source VARCHAR NOT NULL, table_name VARCHAR "
                    "NOT NULL, column_name VARCHAR NOT NULL)",
                    keys_table())};
  }
  std::string conflicting_sources_sql(const std::string& source) const override {
    return fmt::format("SELECT source FROM {0} WHERE lower(source) = lower({1}) AND source <> {1}",
                       state_table(), literal(source));
  }
  std::string_view conflict_reason() const override { return "which is the same name in DuckDB"; }

 protected:
  std::string instant_literal(int64_t us) const override {
    return fmt::format("TIMESTAMPTZ '{}+00'", instant_text(us, ' '));
  }

 private:
  std::string own_table(const std::string& table) const {
    return quoted(catalog_) + R"(."_ringsync".)" + quoted(table);
  }
  std::string keys_table() const { return own_table("keys"); }
  std::string in_schema(const TargetLayout& layout) const {
    return fmt::format("database_name = {} AND lower(schema_name) = lower({})", literal(catalog_),
                       literal(layout.schema));
  }
  static std::string is_called(std::string_view column, const TargetLayout& layout) {
    return fmt::format("lower({}) = lower({})", column, literal(layout.table));
  }

  std::string catalog_;
};

std::string DuckDbDialect::constraints_sql(const TargetLayout& layout) const {
  const std::string schema = in_schema(layout);
  const std::string table = is_called("table_name", layout);
  return fmt::format(
      "SELECT constraint_index::VARCHAR, constraint_type, unnest(constraint_column_names) "
      "FROM duckdb_constraints() WHERE {0} AND {1} "
      "UNION ALL SELECT '', 'FOREIGN KEY of ' || table_name, NULL FROM duckdb_constraints() "
      "WHERE {0} AND {2} "
      "UNION ALL SELECT '', 'UNIQUE INDEX ' || index_name, NULL FROM duckdb_indexes() "
      "WHERE {0} AND {1} AND is_unique "
      "UNION ALL SELECT '', 'GENERATED column', NULL FROM duckdb_tables() "
      "WHERE {0} AND {1} AND contains(sql, ' GENERATED ALWAYS AS(')",
      schema, table, is_called("referenced_table", layout));
}

std::vector<std::string> DuckDbDialect::remember_key_sql(const TargetLayout& layout) const {
  const std::string source = literal(layout.schema);
  const std::string table = literal(layout.table);
  const auto row = [&](size_t, const TargetColumn& column) {
    return fmt::format("({}, {}, {})", source, table, literal(column.name));
  };
  return {fmt::format("DELETE FROM {} WHERE source = {} AND table_name = {}", keys_table(), source,
                      table),
          fmt::format("INSERT INTO {} VALUES {}", keys_table(), joined(layout, row, ", ", true))};
}

std::string DuckDbDialect::dedupe_stage_sql(const TargetLayout& layout,
                                            const std::string& stage) const {
  const auto match = [](size_t i, const TargetColumn&) {
    return fmt::format("s.c{0} = d.c{0}", i);
  };
  return fmt::format(
      "DELETE FROM {0} AS s USING (SELECT {1}, max(rowid) AS last_row FROM {0} "
      "GROUP BY {1} HAVING count(*) > 1) AS d WHERE {2} AND s.rowid < d.last_row",
      stage_name(stage), joined(layout, staged_name, ", ", true),
      joined(layout, match, " AND ", true));
}

// Measured (docs/decisions/0007): DELETE and INSERT without a primary key. Only where the table has
// columns of its own, which a new row would lose, rows are changed in place.
std::vector<std::string> DuckDbDialect::merge_sql(const TargetLayout& layout,
                                                  const std::string& stage,
                                                  bool may_meet_keys) const {
  std::vector<std::string> statements;
  const std::string table = table_name(layout);
  const std::string staged = stage_name(stage);
  if (may_meet_keys && layout.has_other_columns) {
    std::string changes;
    for (size_t i = 0; i < layout.columns.size(); ++i) {
      const TargetColumn& column = layout.columns[i];
      if (column.is_key) continue;
      changes += fmt::format("{}{} = {}", changes.empty() ? "" : ", ", quoted(column.name),
                             staged_value(i, column));
    }
    statements.push_back(fmt::format("UPDATE {} AS t SET {} FROM {} AS s WHERE {}", table, changes,
                                     staged, keys_match(layout, "t")));
    statements.push_back(fmt::format("DELETE FROM {} AS s USING {} AS t WHERE {}", staged, table,
                                     keys_match(layout, "t")));
  } else if (may_meet_keys) {
    statements.push_back(fmt::format("DELETE FROM {} AS t USING {} AS s WHERE {}", table, staged,
                                     keys_match(layout, "t")));
  }
  statements.push_back(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} AS s", table,
                                   joined(layout, column_name, ", "),
                                   joined(layout, staged_value, ", "), staged));
  return statements;
}

}  // namespace

std::unique_ptr<const Dialect> make_duckdb_dialect(std::string catalog) {
  return std::make_unique<const DuckDbDialect>(std::move(catalog));
}

}  // namespace ringsync
