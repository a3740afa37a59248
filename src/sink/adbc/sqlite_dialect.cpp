#include "sink/adbc/sqlite_dialect.h"

#include <fmt/format.h>

#include "model/table.h"
#include "sink/adbc/upsert_sql.h"

namespace ringsync {
namespace {

// Years 0000 to 9999: what SQLite's date functions read, and what sorts as text.
constexpr int64_t kTimestampMinMs = -62'167'219'200'000;
constexpr int64_t kTimestampMaxMs = 253'402'300'799'999;
constexpr int32_t kDateMinDays = -719'528;
constexpr int32_t kDateMaxDays = 2'932'896;

class SqliteDialect final : public Dialect {
 public:
  std::string_view name() const override { return "SQLite"; }
  Status limit(ArrowEncoding& encoding) const override;

  std::string folded(const std::string& name) const override { return ascii_folded(name); }
  size_t columns_max() const override { return 2000; }  // SQLITE_MAX_COLUMN of the driver's SQLite
  std::optional<std::string_view> owner_of_keyspace(const std::string&) const override {
    return std::nullopt;
  }
  std::optional<std::string_view> owner_of_table(const std::string& name) const override {
    const std::string found = ascii_folded(name);
    if (found == "_ringsync_state") return "Ringsync's own table";
    if (found.starts_with("sqlite_")) return "SQLite, whose own tables begin with sqlite_";
    return std::nullopt;
  }
  std::string table_name(const TargetLayout& layout) const override {
    return "main." + quoted(layout.table);
  }
  std::string stage_name(const std::string& stage) const override {
    return "temp." + quoted(stage);
  }
  IngestTarget ingest_target(const TargetLayout& layout) const override {
    return {"main", "", layout.table, false};
  }

  std::string type_name(const TargetColumn& column) const override;

  std::string schema_spelling_sql(const std::string&) const override { return ""; }
  std::string name_taken_sql(const TargetLayout& layout) const override {
    return fmt::format(
        "SELECT name, type FROM main.sqlite_schema WHERE type <> 'table' AND lower(name) = "
        "lower({})",
        literal(layout.table));
  }
  std::string describe_sql(const TargetLayout& layout) const override {
    return fmt::format(
        "SELECT t.name, c.name, c.type, c.dflt_value FROM main.sqlite_schema AS t, "
        "pragma_table_info(t.name, 'main') AS c WHERE {} ORDER BY t.name, c.cid",
        is_table(layout));
  }
  std::string constraints_sql(const TargetLayout& layout) const override;
  std::string key_sql(const TargetLayout& layout) const override {
    return fmt::format(
        "SELECT c.name FROM main.sqlite_schema AS t, pragma_table_info(t.name, 'main') AS c "
        "WHERE {} AND c.pk > 0 ORDER BY c.pk",
        is_table(layout));
  }
  std::vector<std::string> remember_key_sql(const TargetLayout&) const override { return {}; }

  std::string create_table_sql(const TargetLayout& layout) const override;
  std::string alter_column_sql(const TargetLayout&, const TargetColumn&) const override {
    return "";  // SQLite has no such statement: can_alter_types()
  }
  std::string dedupe_stage_sql(const TargetLayout& layout,
                               const std::string& stage) const override {
    return fmt::format(
        "DELETE FROM {0} WHERE rowid NOT IN (SELECT max(rowid) FROM {0} GROUP BY {1})",
        stage_name(stage), joined(layout, staged_name, ", ", true));
  }
  std::vector<std::string> merge_sql(const TargetLayout& layout, const std::string& stage,
                                     bool) const override {
    return {upsert_sql(layout, table_name(layout), stage_name(stage))};
  }

  std::string state_table() const override { return R"(main."_ringsync_state")"; }
  std::string state_schema() const override { return ""; }
  std::string state_table_name() const override { return "_ringsync_state"; }
  std::vector<std::string> create_state_sql() const override {
    return {
        fmt::format("CREATE TABLE IF NOT EXISTS {} (source TEXT NOT NULL PRIMARY KEY, sequence "
                    "INTEGER NOT NULL, state TEXT NOT NULL, written_at TEXT NOT NULL)",
                    state_table())};
  }
  std::string conflicting_sources_sql(const std::string& source) const override {
    return fmt::format("SELECT source FROM {} WHERE source <> {}", state_table(), literal(source));
  }
  std::string_view conflict_reason() const override {
    return "and SQLite has no schemas, so that a file holds one keyspace";
  }

 protected:
  std::string instant_literal(int64_t us) const override {
    return literal(instant_text(us, 'T') + "Z");
  }
  bool can_alter_types() const override { return false; }

 private:
  static std::string is_table(const TargetLayout& layout) {
    return fmt::format("t.type = 'table' AND lower(t.name) = lower({})", literal(layout.table));
  }
};

Status SqliteDialect::limit(ArrowEncoding& encoding) const {
  if (encoding.nested == NestedForm::kNative) {
    return Error{ErrorCode::kConfig,
                 "nested_types: SQLite has no nested types; write nested_types = json, or write to "
                 "a DuckDB file"};
  }
  encoding.limits.timestamp_min_ms = kTimestampMinMs;
  encoding.limits.timestamp_max_ms = kTimestampMaxMs;
  encoding.limits.date_min_days = kDateMinDays;
  encoding.limits.date_max_days = kDateMaxDays;
  encoding.limits.floats_hold_nan = false;          // it becomes NULL without a word
  encoding.limits.value_bytes_max = 1'000'000'000;  // SQLITE_MAX_LENGTH
  encoding.timestamps_as_text = true;
  encoding.dates_as_text = true;
  encoding.times_as_text = true;
  encoding.uuids_as_text = true;
  encoding.decimal_size = nullptr;  // text is exact; its NUMERIC would round
  return {};
}

// Integers of every width are one type, as are float and double.
std::string SqliteDialect::type_name(const TargetColumn& column) const {
  switch (column.type.kind) {
    case ArrowKind::kInt8:
    case ArrowKind::kInt16:
    case ArrowKind::kInt32:
    case ArrowKind::kInt64: return "INTEGER";
    case ArrowKind::kFloat:
    case ArrowKind::kDouble: return "REAL";
    case ArrowKind::kBoolean: return "BOOLEAN";
    case ArrowKind::kBinary: return "BLOB";
    default: return "TEXT";
  }
}

// CHECK constraints and generated columns are not told; the commit fails by their name.
std::string SqliteDialect::constraints_sql(const TargetLayout& layout) const {
  const std::string table = is_table(layout);
  return fmt::format(
      "SELECT 'key', 'PRIMARY KEY', c.name FROM main.sqlite_schema AS t, "
      "pragma_table_info(t.name, 'main') AS c WHERE {0} AND c.pk > 0 "
      "UNION ALL SELECT '', 'NOT NULL', c.name FROM main.sqlite_schema AS t, "
      "pragma_table_info(t.name, 'main') AS c WHERE {0} AND c.\"notnull\" "
      "UNION ALL SELECT i.name, 'UNIQUE', k.name FROM main.sqlite_schema AS t, "
      "pragma_index_list(t.name, 'main') AS i, pragma_index_info(i.name, 'main') AS k "
      "WHERE {0} AND i.\"unique\" AND i.origin = 'u' "
      "UNION ALL SELECT '', 'UNIQUE INDEX ' || i.name, NULL FROM main.sqlite_schema AS t, "
      "pragma_index_list(t.name, 'main') AS i WHERE {0} AND i.\"unique\" AND i.origin = 'c' "
      "UNION ALL SELECT '', 'FOREIGN KEY', f.\"from\" FROM main.sqlite_schema AS t, "
      "pragma_foreign_key_list(t.name, 'main') AS f WHERE {0} "
      "UNION ALL SELECT '', 'FOREIGN KEY of ' || o.name, NULL FROM main.sqlite_schema AS o, "
      "pragma_foreign_key_list(o.name, 'main') AS f "
      "WHERE o.type = 'table' AND lower(f.\"table\") = lower({1}) "
      "UNION ALL SELECT '', 'GENERATED column', NULL FROM main.sqlite_schema AS t, "
      "pragma_table_xinfo(t.name, 'main') AS c WHERE {0} AND c.hidden > 1",
      table, literal(layout.table));
}

std::string SqliteDialect::create_table_sql(const TargetLayout& layout) const {
  const auto definition = [this](size_t, const TargetColumn& column) {
    return fmt::format("{} {}{}", quoted(column.name), type_name(column),
                       column.is_key ? " NOT NULL" : "");
  };
  return fmt::format("CREATE TABLE {} ({}, PRIMARY KEY {})", table_name(layout),
                     joined(layout, definition, ", "), key_list(layout));
}

}  // namespace

std::unique_ptr<const Dialect> make_sqlite_dialect() {
  return std::make_unique<const SqliteDialect>();
}

}  // namespace ringsync
