#include "sink/adbc/postgresql_dialect.h"

#include <fmt/format.h>

#include "model/table.h"
#include "sink/adbc/upsert_sql.h"

namespace ringsync {
namespace {

// Julian day 0, 4714-11-24 BC, which PostgreSQL calls the year 4713 BC; the last instant that
// Arrow's microseconds hold.
constexpr int64_t kTimestampMinMs = -210'866'803'200'000;
constexpr int64_t kTimestampMaxMs = 9'223'372'036'854'775;
constexpr int32_t kDateMinDays = -2'440'588;
constexpr int32_t kDateMaxDays = 2'145'042'905;  // 5874897-12-31

class PostgresqlDialect final : public Dialect {
 public:
  std::string_view name() const override { return "PostgreSQL"; }
  Status limit(ArrowEncoding& encoding) const override;

  std::string folded(const std::string& name) const override { return name; }
  size_t name_bytes_max() const override { return 63; }  // NAMEDATALEN - 1
  size_t columns_max() const override { return 1600; }   // MaxHeapAttributeNumber
  std::optional<std::string_view> owner_of_keyspace(const std::string& name) const override {
    if (name == "_ringsync") return "Ringsync's own tables";
    if (name.starts_with("pg_") || name == "information_schema") return "PostgreSQL";
    return std::nullopt;
  }
  std::string table_name(const TargetLayout& layout) const override {
    return quoted(layout.schema) + "." + quoted(layout.table);
  }
  std::string stage_name(const std::string& stage) const override {
    return "pg_temp." + quoted(stage);
  }
  IngestTarget ingest_target(const TargetLayout& layout) const override {
    return {"", layout.schema, layout.table, false};
  }

  std::string type_name(const TargetColumn& column) const override;

  std::string schema_spelling_sql(const std::string& schema) const override {
    return fmt::format("SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = {}",
                       literal(schema));
  }
  std::string name_taken_sql(const TargetLayout& layout) const override {
    return fmt::format(
        "SELECT c.relname::text, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized "
        "view' WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' ELSE "
        "'relation' END FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = "
        "c.relnamespace WHERE n.nspname = {} AND c.relname = {} AND c.relkind NOT IN ('r', 'p')",
        literal(layout.schema), literal(layout.table));
  }
  std::string describe_sql(const TargetLayout& layout) const override {
    return fmt::format(
        "SELECT c.relname::text, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), "
        "pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM {} JOIN pg_catalog.pg_attribute AS a ON "
        "a.attrelid = c.oid LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum "
        "= a.attnum WHERE {} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        kRelations, is_table(layout));
  }
  std::string constraints_sql(const TargetLayout& layout) const override;
  // PostgreSQL has savepoints; its ADBC driver runs nothing in a transaction that has failed.
  std::string in_the_way_sql(const TargetLayout& layout, const ColumnChange& change) const override;
  std::string key_sql(const TargetLayout& layout) const override {
    return fmt::format(
        "SELECT a.attname::text FROM {} JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid "
        "JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) "
        "WHERE {} AND i.indisprimary ORDER BY pg_catalog.array_position(i.indkey::int2[], "
        "a.attnum)",
        kRelations, is_table(layout));
  }
  std::vector<std::string> remember_key_sql(const TargetLayout&) const override { return {}; }

  std::string create_table_sql(const TargetLayout& layout) const override {
    return fmt::format("CREATE TABLE {} ({}, PRIMARY KEY {})", table_name(layout),
                       column_definitions(layout), key_list(layout));
  }
  // A staging table is filled from its start on and never vacuumed: ctid tells the order of
  // arrival.
  std::string dedupe_stage_sql(const TargetLayout& layout,
                               const std::string& stage) const override {
    const auto match = [](size_t i, const TargetColumn&) {
      return fmt::format("s.c{0} = d.c{0}", i);
    };
    return fmt::format(
        "DELETE FROM {0} AS s USING (SELECT {1}, max(ctid) AS last_row FROM {0} GROUP BY {1} "
        "HAVING "
        "count(*) > 1) AS d WHERE {2} AND s.ctid < d.last_row",
        stage_name(stage), joined(layout, staged_name, ", ", true),
        joined(layout, match, " AND ", true));
  }
  std::vector<std::string> merge_sql(const TargetLayout& layout, const std::string& stage,
                                     bool) const override {
    return {upsert_sql(layout, table_name(layout), stage_name(stage))};
  }

  std::string state_table() const override { return R"("_ringsync"."state")"; }
  std::vector<std::string> create_state_sql() const override {
    return {
        fmt::format("CREATE TABLE IF NOT EXISTS {} (source text PRIMARY KEY, sequence bigint NOT "
                    "NULL, state text NOT NULL, written_at timestamptz NOT NULL)",
                    state_table())};
  }
  // Names are told apart by every byte.
  std::string conflicting_sources_sql(const std::string&) const override {
    return fmt::format("SELECT source FROM {} WHERE false", state_table());
  }
  std::string_view conflict_reason() const override { return "which is the same name"; }

 protected:
  std::string instant_literal(int64_t us) const override {
    return fmt::format("TIMESTAMPTZ '{}+00'", instant_text(us, ' '));
  }

 private:
  static constexpr std::string_view kRelations =
      "pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace";
  static std::string is_table(const TargetLayout& layout) {
    return fmt::format("n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p')",
                       literal(layout.schema), literal(layout.table));
  }
};

Status PostgresqlDialect::limit(ArrowEncoding& encoding) const {
  if (encoding.nested == NestedForm::kNative) {
    return Error{ErrorCode::kConfig,
                 "nested_types: native nested types are written to DuckDB only; write nested_types "
                 "= json for PostgreSQL"};
  }
  encoding.limits.timestamp_min_ms = kTimestampMinMs;
  encoding.limits.timestamp_max_ms = kTimestampMaxMs;
  encoding.limits.date_min_days = kDateMinDays;
  encoding.limits.date_max_days = kDateMaxDays;
  encoding.limits.text_holds_nul = false;
  encoding.limits.value_bytes_max = 1'073'741'000;  // a field, and a row, are less than 1 GiB
  encoding.times_as_text = true;  // its time has microseconds, and rounds without a word
  return {};
}

std::string PostgresqlDialect::type_name(const TargetColumn& column) const {
  switch (column.type.kind) {
    case ArrowKind::kInt8:
    case ArrowKind::kInt16: return "smallint";
    case ArrowKind::kInt32: return "integer";
    case ArrowKind::kInt64: return "bigint";
    case ArrowKind::kFloat: return "real";
    case ArrowKind::kDouble: return "double precision";
    case ArrowKind::kBoolean: return "boolean";
    case ArrowKind::kTimestamp: return "timestamp with time zone";
    case ArrowKind::kDate: return "date";
    case ArrowKind::kUuid: return "uuid";
    case ArrowKind::kBinary: return "bytea";
    case ArrowKind::kDecimal128:
      return fmt::format("numeric({},{})", column.type.precision, column.type.scale);
    case ArrowKind::kJson: return column.is_key ? "text" : "json";  // json has no equality
    default: return "text";
  }
}

std::string PostgresqlDialect::constraints_sql(const TargetLayout& layout) const {
  return fmt::format(
      "SELECT k.conname::text, CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' "
      "WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' WHEN 'x' THEN 'EXCLUDE' ELSE 'TRIGGER' "
      "END, "
      "a.attname::text FROM {0} JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid LEFT JOIN "
      "pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey) "
      "WHERE {1} AND k.contype <> 'n' "
      "UNION ALL SELECT '', 'NOT NULL', a.attname::text FROM {0} JOIN pg_catalog.pg_attribute AS a "
      "ON a.attrelid = c.oid WHERE {1} AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull "
      "UNION ALL SELECT '', 'FOREIGN KEY of ' || k.conrelid::regclass, NULL FROM {0} JOIN "
      "pg_catalog.pg_constraint AS k ON k.confrelid = c.oid WHERE {1} AND k.contype = 'f' "
      "UNION ALL SELECT '', 'UNIQUE INDEX ' || x.relname, NULL FROM {0} JOIN pg_catalog.pg_index "
      "AS "
      "i ON i.indrelid = c.oid JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid WHERE {1} AND "
      "i.indisunique AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS k WHERE k.conindid "
      "= "
      "i.indexrelid) "
      "UNION ALL SELECT '', 'GENERATED column', NULL FROM {0} JOIN pg_catalog.pg_attribute AS a ON "
      "a.attrelid = c.oid WHERE {1} AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> "
      "''",
      kRelations, is_table(layout));
}

// What ALTER COLUMN TYPE refuses to change along (ATExecAlterColumnType in PostgreSQL's
// tablecmds.c); indexes, defaults and constraints are changed.
std::string PostgresqlDialect::in_the_way_sql(const TargetLayout& layout,
                                              const ColumnChange& change) const {
  return fmt::format(
      "SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) FROM {} JOIN "
      "pg_catalog.pg_attribute AS a ON a.attrelid = c.oid JOIN pg_catalog.pg_depend AS d ON "
      "d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = "
      "a.attnum WHERE {} AND a.attname = {} AND d.classid IN ('pg_catalog.pg_rewrite'::regclass, "
      "'pg_catalog.pg_trigger'::regclass, 'pg_catalog.pg_policy'::regclass, "
      "'pg_catalog.pg_publication_rel'::regclass, 'pg_catalog.pg_proc'::regclass)",
      kRelations, is_table(layout), literal(change.column.name));
}

}  // namespace

std::unique_ptr<const Dialect> make_postgresql_dialect() {
  return std::make_unique<const PostgresqlDialect>();
}

}  // namespace ringsync
