// TargetTable: one destination table: the rows that wait for it, and how they are merged. Private
// to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sink/adbc/adbc_client.h"
#include "sink/adbc/dialect.h"
#include "sink/adbc/slice_stream.h"
#include "sink/adbc/sql.h"
#include "sink/adbc/table_shape.h"
#include "sink/sink.h"

namespace ringsync {

class TargetTable {
 public:
  /// Makes the table ready, as shape_table(). `client` and `dialect` outlive it. `number` makes the
  /// staging table's name unique.
  static Result<std::unique_ptr<TargetTable>> open(AdbcClient& client, const Dialect& dialect,
                                                   TargetLayout layout, uint32_t number,
                                                   bool& is_table_error);

  /// Keeps a slice for the next flush(). Slices that follow each other in a page become one.
  void add(const std::shared_ptr<const ArrowPage>& page, RowSlice slice);
  /// True where open() made the table.
  bool was_created() const { return found_.was_created; }
  bool has_pending() const { return !pending_.empty(); }
  /// About how many rows of the table the next merge() passes over, however few it brings.
  uint64_t rows_passed() const {
    const bool merges = is_staged_ || (has_pending() && !goes_direct());
    return merges && dialect_.merge_passes_over_table() ? found_.rows : 0;
  }

  /// Hands the pending slices to the database, stamped as synced at `synced_us`: the run's start,
  /// whatever the clock says meanwhile (docs/decisions/0008).
  Status flush(int64_t synced_us);
  /// Moves what is staged into the table. Afterwards nothing is pending or staged. Returns how many
  /// rows became deleted.
  Result<int64_t> merge();
  /// Soft-deletes rows last synced before the run. Returns how many.
  Result<int64_t> sweep(int64_t run_started_us);

 private:
  TargetTable(AdbcClient& client, const Dialect& dialect, TargetLayout layout, uint32_t number);

  /// _fivetran_synced and _fivetran_deleted for slices of one operation.
  std::shared_ptr<const std::vector<ArrowColumn>> added_columns(Operation operation,
                                                                int64_t synced_us) const;
  void fill_added_columns(int64_t synced_us);
  bool goes_direct() const { return found_.was_empty && found_.is_aligned && !may_repeat_; }

  AdbcClient& client_;
  const Dialect& dialect_;
  TargetLayout layout_;
  std::string stage_;
  std::vector<ArrowField> fields_;         // of the table
  std::vector<ArrowField> staged_fields_;  // of the staging table
  std::vector<PendingSlice> pending_;
  FoundTable found_;
  bool may_repeat_ = false;    // a slice of this group may hold keys delivered before in this run
  bool has_deletes_ = false;   // some rows staged are deletes
  bool gets_deletes_ = false;  // some of this run were: a key may come again whatever slices say
  bool is_staged_ = false;     // the staging table exists
};

}  // namespace ringsync
