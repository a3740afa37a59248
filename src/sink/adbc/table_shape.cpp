#include "sink/adbc/table_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/table.h"
#include "sink/adbc/table_layout.h"

namespace ringsync {
namespace {

/// Brings one table to its shape: checks everything, then changes.
class Shaper {
 public:
  Shaper(AdbcClient& client, const Dialect& dialect, TargetLayout& layout)
      : client_(client), dialect_(dialect), layout_(layout) {}

  /// Reads what is there; changes nothing. Errors of the connection.
  Status inspect();
  /// Errors of this table alone.
  Status check();
  /// Gives columns wider types. Sets `is_undone` where that failed and nothing is changed.
  Status alter(bool& is_undone);
  Result<FoundTable> apply();

 private:
  struct ExistingColumn {
    std::string name;
    std::string type;
    bool has_default = false;
  };

  Status inspect_changes();
  Status check_type(TargetColumn& column);
  Status plan_alterations();
  Error alteration_error(ErrorCode code, const ColumnChange& change, const std::string& why) const;
  Status check_key() const;
  Status check_constraints() const;
  bool takes_not_null(const std::string& column) const;
  const ExistingColumn* existing(const std::string& column) const;
  const TargetColumn* planned(const std::string& column) const;
  std::set<std::string> folded_keys() const;
  Error constraint_error(const std::string& what) const;
  Status remember_key();

  AdbcClient& client_;
  const Dialect& dialect_;
  TargetLayout& layout_;
  std::vector<TextRow> taken_;
  std::string existing_table_;
  std::vector<ExistingColumn> existing_;
  std::vector<TextRow> constraints_;
  std::vector<TextRow> key_;
  std::vector<TextRow> kept_;
  std::map<std::string, std::string> in_the_way_;  // of what is the owner's, by column
  std::set<std::string> lossy_;  // columns whose values the planned type does not all hold
  std::vector<ColumnChange> changes_;
  std::vector<std::string> alterations_;
  bool has_other_types_ = false;
};

std::string spelled(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + quoted(name);
  return "(" + out + ")";
}

Status Shaper::inspect() {
  RINGSYNC_ASSIGN(taken_, client_.query_text(dialect_.name_taken_sql(layout_)));
  RINGSYNC_ASSIGN(const auto columns, client_.query_text(dialect_.describe_sql(layout_)));
  for (const TextRow& row : columns) {
    // Of several tables that are one name, the first one is reported.
    existing_table_ =
        *row[0] == layout_.table || existing_table_.empty() ? *row[0] : existing_table_;
    existing_.push_back({*row[1], *row[2], row[3].has_value()});
  }
  if (existing_.empty()) return {};
  RINGSYNC_ASSIGN(constraints_, client_.query_text(dialect_.constraints_sql(layout_)));
  dialect_.tell_constraints(constraints_);
  RINGSYNC_ASSIGN(key_, client_.query_text(dialect_.key_sql(layout_)));
  return inspect_changes();
}

Status Shaper::inspect_changes() {
  bool alters = false;
  for (const TargetColumn& column : layout_.columns) {
    const ExistingColumn* const found = existing(column.name);
    if (found == nullptr || dialect_.fit(found->type, column) != ColumnFit::kAlter) continue;
    alters = true;
    if (const auto sql = dialect_.in_the_way_sql(layout_, {column, found->type}); !sql.empty()) {
      RINGSYNC_ASSIGN(const auto rows, client_.query_text(sql));
      if (!rows.empty()) in_the_way_[column.name] = rows[0][0].value_or("");
    }
    const std::string losses = dialect_.losses_sql(layout_, {column, found->type});
    if (losses.empty()) continue;
    RINGSYNC_ASSIGN(const int64_t lost, client_.query_integer(losses));
    if (lost > 0) lossy_.insert(column.name);
  }
  if (!alters) return {};
  if (const std::string sql = dialect_.kept_sql(layout_); !sql.empty()) {
    RINGSYNC_ASSIGN(kept_, client_.query_text(sql));
  }
  return {};
}

const Shaper::ExistingColumn* Shaper::existing(const std::string& column) const {
  const auto found =
      std::find_if(existing_.begin(), existing_.end(), [&](const ExistingColumn& other) {
        return dialect_.folded(other.name) == dialect_.folded(column);
      });
  return found == existing_.end() ? nullptr : &*found;
}

const TargetColumn* Shaper::planned(const std::string& column) const {
  const auto found =
      std::find_if(layout_.columns.begin(), layout_.columns.end(), [&](const TargetColumn& other) {
        return dialect_.folded(other.name) == dialect_.folded(column);
      });
  return found == layout_.columns.end() ? nullptr : &*found;
}

std::set<std::string> Shaper::folded_keys() const {
  std::set<std::string> keys;
  for (const TargetColumn& column : layout_.columns) {
    if (column.is_key) keys.insert(dialect_.folded(column.name));
  }
  return keys;
}

Status Shaper::check() {
  if (!taken_.empty()) {
    return table_error(ErrorCode::kDestinationTable, layout_,
                       fmt::format("the destination has a {} of this name, {}; drop or "
                                   "rename it, or exclude the table with exclude_tables",
                                   *taken_[0][1], quoted(*taken_[0][0])));
  }
  if (existing_.empty()) return {};
  if (existing_table_ != layout_.table) {
    return table_error(ErrorCode::kNameCollision, layout_,
                       fmt::format("the destination has a table {}, which is the same "
                                   "name in {}; exclude one of the two with "
                                   "exclude_tables",
                                   quoted(existing_table_), dialect_.name()));
  }
  RINGSYNC_TRY(check_key());
  for (TargetColumn& column : layout_.columns) RINGSYNC_TRY(check_type(column));
  RINGSYNC_TRY(check_constraints());
  RINGSYNC_TRY(plan_alterations());
  layout_.has_other_columns =
      std::any_of(existing_.begin(), existing_.end(),
                  [this](const auto& column) { return planned(column.name) == nullptr; });
  return {};
}

Status Shaper::check_type(TargetColumn& column) {
  const ExistingColumn* const found = existing(column.name);
  if (found == nullptr) return {};
  switch (dialect_.fit(found->type, column)) {
    case ColumnFit::kSame: return {};
    case ColumnFit::kAlter:
      if (lossy_.count(column.name) > 0) break;
      if (const auto other = in_the_way_.find(column.name); other != in_the_way_.end()) {
        return alteration_error(ErrorCode::kDestinationTable, {column, found->type},
                                other->second + " is in the way");
      }
      changes_.push_back({column, found->type});
      return {};
    case ColumnFit::kWider:
      column.stored_type = found->type;
      has_other_types_ = true;
      return {};
    case ColumnFit::kNone: break;
  }
  return table_error(ErrorCode::kDestinationTable, layout_,
                     fmt::format("column {} is {} in the destination and needs {}, which cannot be "
                                 "made of it without loss; rename or drop the destination's table "
                                 "or its column, then run again",
                                 quoted(column.name), found->type, dialect_.type_name(column)));
}

Status Shaper::plan_alterations() {
  if (changes_.empty()) return {};
  RINGSYNC_ASSIGN(alterations_, dialect_.alter_columns_sql(layout_, changes_, kept_));
  return {};
}

// Rows are merged by key: those of another key would be doubled or lost.
Status Shaper::check_key() const {
  std::set<std::string> merged_by;
  std::vector<std::string> names;
  for (const TextRow& row : key_) {
    merged_by.insert(dialect_.folded(*row[0]));
    names.push_back(*row[0]);
  }
  std::vector<std::string> planned_names;
  for (const TargetColumn& column : layout_.columns) {
    if (column.is_key) planned_names.push_back(column.name);
  }
  if (merged_by.empty() && dialect_.remember_key_sql(layout_).empty()) {
    return table_error(ErrorCode::kDestinationTable, layout_,
                       fmt::format("the destination's table has no primary key, by which rows are "
                                   "merged; give it PRIMARY KEY {}, or rename it, then run again",
                                   spelled(planned_names)));
  }
  if (merged_by.empty() || merged_by == folded_keys()) return {};
  return table_error(
      ErrorCode::kKeyChanged, layout_,
      fmt::format("its primary key is {} and the destination's table has rows by {}; rename or "
                  "drop the destination's table, then run again: the table is read anew",
                  spelled(planned_names), spelled(names)));
}

// What is synced always has its key and Ringsync's own columns; any other value may be NULL.
bool Shaper::takes_not_null(const std::string& column) const {
  if (const TargetColumn* const ours = planned(column)) {
    return ours->is_key || ours->name == kSyncedColumn || ours->name == kDeletedColumn;
  }
  const ExistingColumn* const theirs = existing(column);
  return theirs != nullptr && theirs->has_default;
}

Error Shaper::constraint_error(const std::string& what) const {
  return table_error(ErrorCode::kDestinationTable, layout_,
                     fmt::format("the destination's table has a {}, which keeps rows of the source "
                                 "out; remove it, or rename the table, then run again",
                                 what));
}

Status Shaper::check_constraints() const {
  std::map<std::string, std::set<std::string>> unique;  // columns by the constraint's number
  for (const TextRow& row : constraints_) {
    const std::string& kind = *row[1];
    if (kind == "NOT NULL") {
      if (takes_not_null(*row[2])) continue;
      return constraint_error("NOT NULL constraint on column " + quoted(*row[2]));
    }
    if (kind != "PRIMARY KEY" && kind != "UNIQUE") {
      return constraint_error(row[2] ? kind + " constraint on " + quoted(*row[2]) : kind);
    }
    unique[*row[0]].insert(dialect_.folded(*row[2]));
  }
  for (const auto& [number, columns] : unique) {
    if (columns == folded_keys()) continue;
    return constraint_error(
        "PRIMARY KEY or UNIQUE constraint on other columns than the source's primary key");
  }
  return {};
}

Status Shaper::remember_key() {
  for (const std::string& sql : dialect_.remember_key_sql(layout_)) {
    RINGSYNC_TRY(client_.exec(sql));
  }
  return {};
}

Error Shaper::alteration_error(ErrorCode code, const ColumnChange& change,
                               const std::string& why) const {
  return table_error(code, layout_,
                     fmt::format("column {} is {} in the destination and cannot be made {}: {}; "
                                 "drop what is in the way, run again and make it anew",
                                 quoted(change.column.name), change.existing_type,
                                 dialect_.type_name(change.column), why));
}

Status Shaper::alter(bool& is_undone) {
  if (alterations_.empty()) return {};
  const bool has_savepoints = dialect_.has_savepoints();
  if (has_savepoints) RINGSYNC_TRY(client_.exec("SAVEPOINT ringsync_alteration"));
  for (const std::string& sql : alterations_) {
    const Status altered = client_.exec(sql);
    if (altered) continue;
    // A lost connection takes nothing back.
    is_undone = has_savepoints && client_.exec("ROLLBACK TO SAVEPOINT ringsync_alteration");
    return alteration_error(altered.error().code, changes_[0], altered.error().message);
  }
  if (has_savepoints) RINGSYNC_TRY(client_.exec("RELEASE SAVEPOINT ringsync_alteration"));
  return {};
}

Result<FoundTable> Shaper::apply() {
  if (existing_.empty()) {
    RINGSYNC_TRY(client_.exec(dialect_.create_table_sql(layout_)));
    RINGSYNC_TRY(remember_key());
    return FoundTable{true, true, true};
  }
  if (key_.empty()) RINGSYNC_TRY(remember_key());
  FoundTable found;
  found.is_aligned = existing_.size() == layout_.columns.size() && !has_other_types_;
  for (size_t i = 0; i < layout_.columns.size(); ++i) {
    const TargetColumn& column = layout_.columns[i];
    found.is_aligned = found.is_aligned && existing_[i].name == column.name;
    if (existing(column.name) != nullptr) continue;
    RINGSYNC_TRY(client_.exec(dialect_.add_column_sql(layout_, column)));
  }
  const bool counts = dialect_.merge_passes_over_table();
  RINGSYNC_ASSIGN(const int64_t rows,
                  client_.query_integer(counts ? dialect_.row_count_sql(layout_)
                                               : dialect_.has_rows_sql(layout_)));
  found.was_empty = rows == 0;
  if (counts) found.rows = static_cast<uint64_t>(rows);
  return found;
}

}  // namespace

Result<FoundTable> shape_table(AdbcClient& client, const Dialect& dialect, TargetLayout& layout,
                               bool& is_table_error) {
  Shaper shaper(client, dialect, layout);
  RINGSYNC_TRY(shaper.inspect());
  Status checked = shaper.check();
  is_table_error = !checked.ok();
  RINGSYNC_TRY(std::move(checked));
  // Before columns are added: the alterations are of the table as it was found.
  RINGSYNC_TRY(shaper.alter(is_table_error));
  return shaper.apply();
}

}  // namespace ringsync
