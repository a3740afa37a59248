// Dialect: what differs between the databases that the ADBC sink writes to: names, types, the SQL
// of inspection, staging, merging and state. The sink itself is one for all. Thread rule:
// immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sink/adbc/adbc_client.h"
#include "sink/adbc/sql.h"
#include "sink/arrow/arrow_encoding.h"

namespace ringsync {

/// How a column of the destination takes the values of a planned one.
enum class ColumnFit : uint8_t {
  kSame,   // it is of the planned type
  kWider,  // it holds every planned value; the merge casts
  kAlter,  // it can be given the planned type without loss
  kNone,   // neither
};

/// A column of the destination that is given the planned type.
struct ColumnChange {
  TargetColumn column;
  std::string existing_type;
};

class Dialect {
 public:
  virtual ~Dialect() = default;

  /// The database's name, for errors.
  virtual std::string_view name() const = 0;
  /// Sets what the database's types can hold. Error kConfig where it lacks a form that was asked
  /// for.
  virtual Status limit(ArrowEncoding& encoding) const = 0;

  /// Names that fold alike are one name to the database.
  virtual std::string folded(const std::string& name) const = 0;
  virtual size_t name_bytes_max() const { return std::numeric_limits<size_t>::max(); }
  virtual size_t columns_max() const { return std::numeric_limits<size_t>::max(); }
  /// Who has taken the name, "Ringsync" or the database; nothing where it is free.
  virtual std::optional<std::string_view> owner_of_keyspace(const std::string& name) const = 0;
  virtual std::optional<std::string_view> owner_of_table(const std::string& name) const;
  /// Full and quoted.
  virtual std::string table_name(const TargetLayout& layout) const = 0;
  virtual std::string stage_name(const std::string& stage) const = 0;
  virtual IngestTarget ingest_target(const TargetLayout& layout) const = 0;

  /// The name of the column's type as the database's catalog spells it.
  virtual std::string type_name(const TargetColumn& column) const = 0;
  virtual ColumnFit fit(const std::string& existing_type, const TargetColumn& column) const;
  /// One integer: how many values of the column would be lost by the change. Empty where types
  /// alone tell that none would.
  virtual std::string losses_sql(const TargetLayout&, const ColumnChange&) const { return ""; }
  /// Rows (kind and name) of what of the owner's keeps the column from another type; empty where a
  /// failed change can be taken back by itself.
  virtual std::string in_the_way_sql(const TargetLayout&, const ColumnChange&) const { return ""; }
  /// Whether what failed can be taken back without the rest of the transaction.
  virtual bool has_savepoints() const { return false; }

  /// Rows (name) of the schemas that are one with `schema`, however spelt; empty where the database
  /// has no schemas.
  virtual std::string schema_spelling_sql(const std::string& schema) const = 0;
  virtual std::string create_schema_sql(const std::string& schema) const;
  /// Rows (name, kind) of what else than a table has the table's name.
  virtual std::string name_taken_sql(const TargetLayout& layout) const = 0;
  /// Rows (table name, column name, type, default) of the tables called like this one, in order.
  virtual std::string describe_sql(const TargetLayout& layout) const = 0;
  /// Rows (number, kind, column) of what restrains the table: one row for each column of a
  /// constraint, and one without a column for each table that refers to this one, each unique index
  /// and for generated columns.
  virtual std::string constraints_sql(const TargetLayout& layout) const = 0;
  /// Makes rows as above of those that SQL alone cannot tell.
  virtual void tell_constraints(std::vector<TextRow>&) const {}
  /// Rows (column) of the primary key by which the table was last merged.
  virtual std::string key_sql(const TargetLayout& layout) const = 0;
  /// What makes key_sql() answer with the layout's key; run where it answered with nothing. Empty
  /// where only a primary key of the table can.
  virtual std::vector<std::string> remember_key_sql(const TargetLayout& layout) const = 0;
  /// One integer: how many rows the table has.
  std::string row_count_sql(const TargetLayout& layout) const;
  /// One integer: 1 where the table has a row.
  std::string has_rows_sql(const TargetLayout& layout) const;

  virtual std::string create_table_sql(const TargetLayout& layout) const = 0;
  std::string add_column_sql(const TargetLayout& layout, const TargetColumn& column) const;
  /// Rows (kind, name, definition) of what alter_columns_sql() has to keep; empty where the
  /// database keeps it by itself.
  virtual std::string kept_sql(const TargetLayout&) const { return ""; }
  /// Gives columns their planned types; `kept` are the rows of kept_sql(). Error kDestinationTable
  /// where something could not be kept.
  virtual Result<std::vector<std::string>> alter_columns_sql(
      const TargetLayout& layout, const std::vector<ColumnChange>& changes,
      const std::vector<TextRow>& kept) const;

  std::string create_stage_sql(const TargetLayout& layout, const std::string& stage) const;
  std::string drop_stage_sql(const std::string& stage) const;
  /// Keeps the last arrived row of each key.
  virtual std::string dedupe_stage_sql(const TargetLayout& layout,
                                       const std::string& stage) const = 0;
  /// Soft-deletes the rows whose keys are staged as deleted; answers with their number.
  std::string delete_rows_sql(const TargetLayout& layout, const std::string& stage) const;
  /// Takes what is staged as deleted out of the stage.
  std::string drop_staged_deletes_sql(const TargetLayout& layout, const std::string& stage) const;
  /// Moves the stage, of distinct keys, into the table. Columns that are not the layout's keep
  /// their values. `may_meet_keys` is false where no key can be in the table yet.
  virtual std::vector<std::string> merge_sql(const TargetLayout& layout, const std::string& stage,
                                             bool may_meet_keys) const = 0;
  /// True where a merge reads the keys of the whole table, however few rows it brings; else it
  /// finds them by an index.
  virtual bool merge_passes_over_table() const { return false; }
  /// Soft-deletes what was last synced before `run_started_us`; answers with the number of rows.
  std::string sweep_sql(const TargetLayout& layout, int64_t run_started_us) const;

  /// The table that holds saved states, one row a source; its schema is made already.
  virtual std::string state_table() const = 0;
  virtual std::string state_schema() const { return "_ringsync"; }
  virtual std::string state_table_name() const { return "state"; }  // in that schema
  virtual std::vector<std::string> create_state_sql() const = 0;
  /// Rows (source) of other sources that cannot share this destination with `source`.
  virtual std::string conflicting_sources_sql(const std::string& source) const = 0;
  /// Why two sources cannot share a destination, as the end of a sentence.
  virtual std::string_view conflict_reason() const = 0;
  /// Rows (sequence, state).
  std::string load_state_sql(const std::string& source) const;
  /// Answers with 1, or with 0 where there is a row.
  std::string insert_state_sql(const std::string& source, uint64_t sequence, std::string_view state,
                               int64_t now_us) const;
  /// Compare-and-set: answers with 1 where the row still had `expected_sequence`, else with 0.
  std::string update_state_sql(const std::string& source, uint64_t expected_sequence,
                               uint64_t sequence, std::string_view state, int64_t now_us) const;

 protected:
  /// Microseconds since 1970-01-01T00:00:00Z as a literal of _fivetran_synced's type.
  virtual std::string instant_literal(int64_t us) const = 0;
  /// `alias`'s keys equal to those staged as s.
  static std::string keys_match(const TargetLayout& layout, std::string_view alias);
  std::string column_definitions(const TargetLayout& layout) const;
  /// The widest type that the database calls so.
  std::optional<ArrowType> type_called(const std::string& name) const;
};

}  // namespace ringsync
