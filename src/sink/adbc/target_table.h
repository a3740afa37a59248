// TargetTable: one destination table: its shape, the rows that wait for it, and how they are
// merged. Private to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/table_plan.h"
#include "sink/adbc/adbc_client.h"
#include "sink/adbc/slice_stream.h"
#include "sink/adbc/sql.h"
#include "sink/arrow/arrow_encoding.h"
#include "sink/sink.h"

namespace ringsync {

/// Columns of the destination table for `plan`, or the error that its names or types make.
Result<TargetLayout> plan_layout(const TablePlan& plan, const std::string& catalog,
                                 const ArrowEncoding& encoding);

class TargetTable {
 public:
  /// Makes the table ready: creates it, or adds the columns that it lacks. `client` outlives it.
  /// `number` makes the staging table's name unique. Sets `is_table_error` where nothing was
  /// changed and other tables can go on.
  static Result<std::unique_ptr<TargetTable>> open(AdbcClient& client, TargetLayout layout,
                                                   uint32_t number, bool& is_table_error);

  /// Keeps a slice for the next flush(). Slices that follow each other in a page become one.
  void add(const std::shared_ptr<const ArrowPage>& page, RowSlice slice);
  /// True where open() made the table.
  bool was_created() const { return was_created_; }
  bool has_pending() const { return !pending_.empty(); }

  /// Hands the pending slices to the database, stamped as synced at `synced_us`: the run's start,
  /// whatever the clock says meanwhile (docs/decisions/0008).
  Status flush(int64_t synced_us);
  /// Moves what is staged into the table. Afterwards nothing is pending or staged.
  Status merge();
  /// Soft-deletes rows last synced before the run. Returns how many.
  Result<int64_t> sweep(int64_t run_started_us);

 private:
  TargetTable(AdbcClient& client, TargetLayout layout, uint32_t number);

  /// Brings the table to the layout's shape and learns `was_empty_` and `is_aligned_`.
  Status prepare(bool& is_table_error);
  Status check_existing(const std::vector<TextRow>& existing) const;
  /// That nothing which the destination's owner added to the table stands in the way of a merge.
  /// An error of the table sets `is_table_error`.
  Status check_constraints(const std::vector<TextRow>& existing, bool& is_table_error);
  Status check_no_view(bool& is_table_error);
  bool takes_not_null(const std::string& column, const std::vector<TextRow>& existing) const;
  std::shared_ptr<const std::vector<ArrowColumn>> added_columns(int64_t synced_us) const;
  bool goes_direct() const { return was_empty_ && is_aligned_ && !may_repeat_; }

  AdbcClient& client_;
  TargetLayout layout_;
  std::string stage_;
  std::vector<ArrowField> fields_;
  std::vector<PendingSlice> pending_;
  bool was_created_ = false;
  bool was_empty_ = false;   // when this process opened it: no key can be there already
  bool is_aligned_ = false;  // columns are exactly the layout's, in its order
  bool may_repeat_ = false;  // some slice may hold keys delivered before in this run
  bool is_staged_ = false;   // the staging table exists
};

}  // namespace ringsync
