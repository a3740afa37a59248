#include "sink/adbc/sqlite_dialect.h"

#include <fmt/format.h>

#include "model/table.h"
#include "sink/adbc/sqlite_definition.h"
#include "sink/adbc/table_layout.h"
#include "sink/adbc/upsert_sql.h"

namespace ringsync {
namespace {

// Years 0000 to 9999: what SQLite's date functions read, and what sorts as text.
constexpr int64_t kTimestampMinMs = -62'167'219'200'000;
constexpr int64_t kTimestampMaxMs = 253'402'300'799'999;
constexpr int32_t kDateMinDays = -719'528;
constexpr int32_t kDateMaxDays = 2'932'896;

// Takes the place of a table whose columns get other types.
const std::string kWidenedTable = "_ringsync_widened";

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
    if (found == "_ringsync_state" || found == kWidenedTable) return "Ringsync's own table";
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

  ColumnFit fit(const std::string& existing_type, const TargetColumn& column) const override;
  std::string losses_sql(const TargetLayout& layout, const ColumnChange& change) const override;
  bool has_savepoints() const override { return true; }

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
  void tell_constraints(std::vector<TextRow>& found) const override;
  std::string key_sql(const TargetLayout& layout) const override {
    return fmt::format(
        "SELECT c.name FROM main.sqlite_schema AS t, pragma_table_info(t.name, 'main') AS c "
        "WHERE {} AND c.pk > 0 ORDER BY c.pk",
        is_table(layout));
  }
  std::vector<std::string> remember_key_sql(const TargetLayout&) const override { return {}; }

  std::string create_table_sql(const TargetLayout& layout) const override;
  std::string kept_sql(const TargetLayout& layout) const override;
  Result<std::vector<std::string>> alter_columns_sql(
      const TargetLayout& layout, const std::vector<ColumnChange>& changes,
      const std::vector<TextRow>& kept) const override;
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

 private:
  std::vector<TypeChange> type_changes(const std::vector<ColumnChange>& changes) const;
  std::string changed_value(const std::string& column,
                            const std::vector<ColumnChange>& changes) const;
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

// An INTEGER column does not tell how wide its integers are; its values do (losses_sql()).
ColumnFit SqliteDialect::fit(const std::string& existing_type, const TargetColumn& column) const {
  const bool is_real = type_name(column) == "REAL";
  return is_real && existing_type == "INTEGER" ? ColumnFit::kAlter
                                               : Dialect::fit(existing_type, column);
}

std::string SqliteDialect::losses_sql(const TargetLayout& layout,
                                      const ColumnChange& change) const {
  if (type_name(change.column) != "REAL") return "";
  // Beyond 2^53 some integers have no equal double.
  return fmt::format(
      "SELECT count(*) FROM {} WHERE {} NOT BETWEEN -9007199254740992 AND 9007199254740992",
      table_name(layout), quoted(change.column.name));
}

std::string SqliteDialect::kept_sql(const TargetLayout& layout) const {
  return fmt::format(
      "SELECT kind, name, sql FROM (SELECT type AS kind, name, sql FROM main.sqlite_schema WHERE "
      "lower(tbl_name) = lower({}) AND sql IS NOT NULL ORDER BY rowid) "
      "UNION ALL SELECT 'column', c.name, '' FROM main.sqlite_schema AS t, "
      "pragma_table_info(t.name, 'main') AS c WHERE {}",
      literal(layout.table), is_table(layout));
}

// SQLite changes no column's type: a new table takes the old one's place
// (https://www.sqlite.org/lang_altertable.html#otheralter), of the same definition but for the
// types, and what went with the old one is made anew. Views name the table, and stay.
Result<std::vector<std::string>> SqliteDialect::alter_columns_sql(
    const TargetLayout& layout, const std::vector<ColumnChange>& changes,
    const std::vector<TextRow>& kept) const {
  const std::string table = table_name(layout);
  const std::string widened = "main." + quoted(kWidenedTable);
  std::optional<std::string> columns;
  std::string names;
  std::string values;
  std::vector<std::string> made_anew;
  for (const TextRow& row : kept) {
    const std::string& kind = *row[0];
    const std::string name = quoted(*row[1]);
    if (kind == "table") {
      columns = columns_with_types(*row[2], type_changes(changes));
    } else if (kind == "column") {
      names += (names.empty() ? "" : ", ") + name;
      values += (values.empty() ? "" : ", ") + changed_value(*row[1], changes);
    } else {
      made_anew.push_back(in_main(*row[2]));
    }
  }
  if (!columns) {
    return table_error(ErrorCode::kDestinationTable, layout,
                       fmt::format("column {} needs {} in the destination, and Ringsync cannot "
                                   "read there how the table was defined; rename or drop the "
                                   "destination's table, then run again",
                                   quoted(changes[0].column.name), type_name(changes[0].column)));
  }
  std::vector<std::string> statements = {
      fmt::format("CREATE TABLE {} {}", widened, *columns),
      fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", widened, names, values, table),
      "DROP TABLE " + table,
      fmt::format("ALTER TABLE {} RENAME TO {}", widened, quoted(layout.table))};
  statements.insert(statements.end(), made_anew.begin(), made_anew.end());
  return statements;
}

std::vector<TypeChange> SqliteDialect::type_changes(
    const std::vector<ColumnChange>& changes) const {
  std::vector<TypeChange> types;
  for (const auto& [column, existing_type] : changes) {
    types.push_back({column.name, existing_type, type_name(column)});
  }
  return types;
}

/// The column's value of the old table, of the type that it has in the new one.
std::string SqliteDialect::changed_value(const std::string& column,
                                         const std::vector<ColumnChange>& changes) const {
  for (const ColumnChange& change : changes) {
    if (folded(change.column.name) != folded(column)) continue;
    const auto from = type_called(change.existing_type);
    return converted(quoted(column), from ? from->kind : ArrowKind::kText,
                     type_name(change.column));
  }
  return quoted(column);
}

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
      "pragma_table_xinfo(t.name, 'main') AS c WHERE {0} AND c.hidden > 1 "
      "UNION ALL SELECT t.sql, 'DEFINITION', NULL FROM main.sqlite_schema AS t WHERE {0}",
      table, literal(layout.table));
}

void SqliteDialect::tell_constraints(std::vector<TextRow>& found) const {
  std::erase_if(found, [](TextRow& row) {
    if (row[1] != "DEFINITION") return false;
    row[1] = "CHECK";
    return !has_check(row[0].value_or(""));
  });
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
