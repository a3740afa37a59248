// TableRun: one table's run, from its probe to its last page: what to scan next, how far it has
// come and what the summary will say. Delivering thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/state.h"
#include "plan/split_queue.h"
#include "plan/splits.h"
#include "sync/page_pipeline.h"
#include "sync/progress.h"
#include "sync/run_progress.h"
#include "sync/summary.h"

namespace ringsync {

/// One scan to be started: a range, and from where.
struct ScanWork {
  TokenRange range;
  std::vector<uint8_t> paging_state;   // empty: from the range's start
  std::optional<uint32_t> lane;        // of the split queue; none for what a saved run left
  std::optional<Token> repeats_until;  // rows up to this token may have been delivered before
  uint32_t failures = 0;               // in a row, without getting further between them
  uint32_t refusals = 0;               // of its paging states by the server
  int64_t failing_since_ms = 0;        // steady; of the first of these
};

class TableRun {
 public:
  /// `state` outlives the run and holds a run under way (plan_table puts it there).
  /// `paging_fingerprint` is of the statement that this run sends.
  TableRun(TablePlan plan, TableState& state, const std::string& paging_fingerprint);

  /// Not movable: encoders refer to its plan.
  TableRun(const TableRun&) = delete;
  TableRun& operator=(const TableRun&) = delete;

  const TablePlan& plan() const { return plan_; }
  const std::string& name() const { return plan_.table.name; }
  TablePhase phase() const { return phase_; }
  /// True until the table is done or has failed.
  bool is_open() const { return phase_ == TablePhase::kWaiting || phase_ == TablePhase::kReading; }
  TableSummary& summary() { return summary_; }
  const std::shared_ptr<const ScanQuery>& query() const { return query_; }
  const std::shared_ptr<TableEncoders>& encoders() const { return encoders_; }

  /// The probe begins: the table is being read from `now_ms` (steady) on.
  void begin(std::shared_ptr<TableEncoders> encoders, int64_t now_ms);
  /// Cuts what is left into splits, now that the size is known.
  void plan_scans(const std::vector<Token>& ring_tokens, TableEstimate estimate,
                  const SplitSizing& sizing, uint32_t lanes);
  /// True where nothing of this run was delivered before.
  bool is_untouched() const;
  /// True where this run leaves out rows because an earlier one has brought them; else a probe that
  /// comes to the table's end has all of it.
  bool builds_on_earlier_rows() const {
    return plan_.run == RunKind::kIncremental || !is_untouched();
  }

  /// The next scan to start, if there is one now.
  std::optional<ScanWork> take_work();
  /// A scan that failed goes on from the last delivered page of its range.
  ScanWork work_after_failure(const ScanWork& failed, int64_t now_ms) const;
  /// A scan whose paging state cannot be used goes on from the last delivered token.
  ScanWork work_from_token(ScanWork work);

  /// Counts a delivered page and moves the position in `work.range`.
  void on_delivered(ScanWork& work, const EncodedRows& rows);
  /// The scan is at its end, and delivered.
  void on_scan_complete(const ScanWork& work);
  /// True where every range is delivered.
  bool covers_ring() const { return progress_.covers_ring(); }

  void finish(int64_t now_ms);
  void fail(Error error, int64_t now_ms);
  /// The sync ends early: the summary tells how long the table was read.
  void interrupt(int64_t now_ms);
  /// Brings the run in the saved state up to date.
  void save_progress();

  uint32_t first_page_rows(uint32_t page_bytes_target, uint32_t page_rows_max) const;
  TableProgress progress(int64_t now_ms) const;

 private:
  /// Counts what became NULL on the way to the destination; warns of each column once.
  void count_nulled(const EncodedPage& page);

  TablePlan plan_;
  TableState& state_;
  std::shared_ptr<const ScanQuery> query_;
  std::shared_ptr<TableEncoders> encoders_;  // shared with the workers' pages in flight
  RunProgress progress_;
  std::deque<ScanWork> resumed_;
  SplitQueue queue_;
  TableEstimate estimate_;
  TablePhase phase_ = TablePhase::kWaiting;
  TableSummary summary_;
  double share_at_start_ = 0;
  int64_t began_ms_ = 0;
};

}  // namespace ringsync
