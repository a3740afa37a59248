// The SQL that the DuckDB sink sends, as pure functions.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sink/arrow/arrow_type.h"

namespace ringsync {

/// A column of a destination table.
struct TargetColumn {
  std::string name;
  ArrowType type;
  bool is_key = false;
};

/// What the SQL texts need of a destination table: columns are the source's in order, then
/// _fivetran_synced and _fivetran_deleted.
struct TargetLayout {
  std::string catalog;  // without it, "x"."y" is ambiguous in a file called x.db
  std::string schema;
  std::string table;
  std::vector<TargetColumn> columns;
};

inline constexpr std::string_view kSyncedColumn = "_fivetran_synced";
inline constexpr std::string_view kDeletedColumn = "_fivetran_deleted";

/// DuckDB's name of the type, as its catalog spells it.
std::string duckdb_type(const ArrowType& type);

/// `text` as an SQL string literal.
std::string literal(std::string_view text);
/// Microseconds since 1970-01-01T00:00:00Z as a TIMESTAMPTZ literal.
std::string timestamp_literal(int64_t us);

/// `name` as DuckDB compares names: ASCII letters of both cases are one.
std::string folded(std::string name);

std::string create_schema_sql(const std::string& catalog, const std::string& schema);
std::string create_table_sql(const TargetLayout& layout);
std::string add_column_sql(const TargetLayout& layout, const TargetColumn& column);
/// Rows (table name, column name, type, default), all text, of the tables and views called like
/// this one in any case.
std::string describe_sql(const TargetLayout& layout);
/// Rows (number, kind, column), all text, of what restrains that table: one row for each column of
/// a constraint, and one without a column for each table that refers to this one, each unique index
/// and for generated columns.
std::string constraints_sql(const TargetLayout& layout);
/// Rows (name), all text, of the schemas called like `schema` in any case.
std::string schema_spelling_sql(const std::string& catalog, const std::string& schema);
/// Rows (name), all text, of the views called like this table in any case.
std::string views_sql(const TargetLayout& layout);
/// One integer: 1 where the table has a row.
std::string has_rows_sql(const TargetLayout& layout);

/// Staging tables call their columns c0, c1, … in layout order: no source name can then collide
/// with the pseudo-column rowid, which tells the order of arrival. Their names are given in full: a
/// keyspace may be called temp.
std::string create_stage_sql(const TargetLayout& layout, const std::string& stage);
std::string drop_stage_sql(const std::string& stage);
/// Keeps the last arrived row of each key.
std::string dedupe_stage_sql(const TargetLayout& layout, const std::string& stage);
/// Deletes the rows of the table whose keys are staged.
std::string delete_staged_keys_sql(const TargetLayout& layout, const std::string& stage);
std::string insert_staged_sql(const TargetLayout& layout, const std::string& stage);
/// Soft-deletes what was last synced before `run_started_us`; answers with the number of rows.
std::string sweep_sql(const TargetLayout& layout, int64_t run_started_us);

/// The table that holds saved states, one row a source.
std::string state_table_name(const std::string& catalog);
std::string create_state_sql(const std::string& state_table);
/// Rows (source), all text, of the sources that DuckDB takes for the name of one schema.
std::string same_sources_sql(const std::string& state_table, const std::string& source);
/// Rows (sequence, state), both text.
std::string load_state_sql(const std::string& state_table, const std::string& source);
std::string insert_state_sql(const std::string& state_table, const std::string& source,
                             uint64_t sequence, std::string_view state, int64_t now_us);
/// Compare-and-set: answers with 1 where the row still had `expected_sequence`, else with 0.
std::string update_state_sql(const std::string& state_table, const std::string& source,
                             uint64_t expected_sequence, uint64_t sequence, std::string_view state,
                             int64_t now_us);

}  // namespace ringsync
