// TableRun: one table's run, from its probe to its last page: what to scan next, how far it has
// come and what the summary will say. Delivering thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/state.h"
#include "plan/index_windows.h"
#include "plan/split_queue.h"
#include "plan/splits.h"
#include "sync/page_pipeline.h"
#include "sync/progress.h"
#include "sync/run_progress.h"
#include "sync/summary.h"

namespace ringsync {

/// What a scan is for.
enum class ScanPurpose : uint8_t {
  kSizeProbe,    // the first pages of the ring, whatever the bounds: how large the table is
  kQuickProbe,   // fewer of them: whether the table is so large that an index is sure to pay
  kWindowProbe,  // the first page of a slice of an index window: most often all of it
  kSplit,        // rows of a split
};

constexpr bool is_size_probe(ScanPurpose purpose) {
  return purpose == ScanPurpose::kSizeProbe || purpose == ScanPurpose::kQuickProbe;
}

/// One scan to be started: a range, and from where.
struct ScanWork {
  ScanPurpose purpose = ScanPurpose::kSplit;
  TokenRange range = kWholeRing;
  std::vector<uint8_t> paging_state;   // empty: from the range's start
  std::optional<uint32_t> lane;        // of the split queue; none for what a saved run left
  std::optional<Token> repeats_until;  // rows up to this token may have been delivered before
  uint32_t failures = 0;               // in a row, without getting further between them
  uint32_t refusals = 0;               // of its paging states by the server
  int64_t failing_since_ms = 0;        // steady; of the first of these
  std::optional<Error> failure;        // the last one
};

/// A slice of the ring within an index window, and its first page.
struct WindowSlice {
  ScanWork work;
  EncodedRows page;
};

/// Slices of a window are read side by side: an index read keeps one thread of a server busy.
inline constexpr uint32_t kWindowSlicesMax = 16;

/// What planning a table's reads needs to know beside the table.
struct ReadSetting {
  const std::vector<Token>& ring_tokens;
  uint32_t node_count = 1;
  SplitSizing sizing;
  uint32_t lanes = 1;  // scans of one table at once
  uint32_t page_rows = 5000;
  int64_t window_ms = int64_t{6} * 3'600'000;
  ReadCosts costs;

  WindowOptions windows(TableEstimate table) const {
    return {window_ms, page_rows, table, {ring_tokens.size(), node_count}, costs};
  }
};

class TableRun {
 public:
  /// Fingerprint of a query's statement and all else that its paging states depend on.
  using PagingFingerprint = std::function<std::string(const ScanQuery&)>;

  /// `state` outlives the run and holds a run under way (plan_table puts it there).
  TableRun(TablePlan plan, TableState& state, PagingFingerprint paging_fingerprint);

  /// Not movable: encoders refer to its plan.
  TableRun(const TableRun&) = delete;
  TableRun& operator=(const TableRun&) = delete;

  const TablePlan& plan() const { return plan_; }
  const std::string& name() const { return plan_.table.name; }
  TablePhase phase() const { return phase_; }
  /// True until the table is done or has failed.
  bool is_open() const { return phase_ == TablePhase::kWaiting || phase_ == TablePhase::kReading; }
  TableSummary& summary() { return summary_; }
  const std::shared_ptr<TableEncoders>& encoders() const { return encoders_; }
  /// What a scan asks for: the present bounds, but for a probe of the table's size.
  const std::shared_ptr<const ScanQuery>& query(ScanPurpose purpose) const {
    return is_size_probe(purpose) ? whole_table_ : query_;
  }

  /// The table is being read from `now_ms` (steady) on.
  void begin(std::shared_ptr<TableEncoders> encoders, int64_t now_ms);
  /// Its first work is a probe of its size.
  void probe_first();
  /// What a quick probe tells is not enough: probes further, from the start. False where it is.
  bool probe_further(TableEstimate estimate, const ReadSetting& setting);
  /// The size is known: chooses between index windows and a scan, and plans the first reads.
  void plan_reads(TableEstimate estimate, const ReadSetting& setting);
  /// A slice's first page has come. With the last of them, all slices of the window, which are to
  /// be delivered and, where they are not at their ends, gone on with (see continue_scan); nothing
  /// before, nor where they tell that a scan is cheaper, which is planned then.
  std::vector<WindowSlice> meet_slice(WindowSlice slice, const ReadSetting& setting);
  /// The present bounds are read to their end. False where nothing is left; else the next window,
  /// or a scan of all that is left, is planned.
  bool plan_next(const ReadSetting& setting);
  /// True where an index serves the present bounds.
  bool reads_by_index() const { return windows_.has_value(); }
  /// The index cannot serve: what is left, the window under way included, is read by one scan. No
  /// scan of the table may be under way.
  void give_up_index(const ReadSetting& setting);

  /// True from the run's first page on, whether this sync or an earlier one met it.
  bool has_begun() const { return state_.run->has_begun; }
  void mark_begun() { state_.run->has_begun = true; }

  /// True where an earlier sync began this run and was cut off.
  bool goes_on() const { return goes_on_; }
  /// True where nothing of this run was delivered before.
  bool is_untouched() const { return share_at_start_ == 0 && !resumes_window_; }
  /// True where this run leaves out rows because an earlier one has brought them.
  bool builds_on_earlier_rows() const {
    return plan_.run == RunKind::kIncremental || !is_untouched();
  }
  /// True where a probe of the size that comes to the table's end has all that this run reads.
  bool probe_reads_all() const { return is_untouched() && !plan_.cursor_after_ms; }
  /// True where rows of this scan may have been delivered before in this run.
  bool may_repeat(const ScanWork& work) const { return rereads_ || work.repeats_until.has_value(); }

  /// The next scan to start, if there is one now.
  std::optional<ScanWork> take_work();
  /// A scan that ended before its range did is continued behind its last delivered page.
  void continue_scan(const ScanWork& work);
  /// A scan that failed goes on from the last delivered page of its range.
  ScanWork work_after_failure(const ScanWork& failed, const Error& error, int64_t now_ms) const;
  /// The split stays out, and those behind it may be handed out all the same: done ranges then do
  /// not merge over it.
  void leave_lane(ScanWork& work);
  /// A scan whose paging state cannot be used goes on from the last delivered token.
  ScanWork work_from_token(ScanWork work);

  /// Counts a delivered page and moves the position in `work.range`.
  void on_delivered(ScanWork& work, const EncodedRows& rows);
  /// The first `delivered` rows of a page are; the others will follow.
  void on_part_delivered(const ScanWork& work, const EncodedRows& rows, uint32_t delivered);
  /// The scan is at its end, and delivered.
  void on_scan_complete(const ScanWork& work);
  /// True where every range is delivered within the present bounds.
  bool covers_ring() const { return progress_.covers_ring(); }

  void finish(int64_t now_ms);
  /// Nothing is to be read: what an earlier sync has delivered stands.
  void skip();
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
  void set_bounds(std::optional<int64_t> after_ms, std::optional<int64_t> end_ms, bool by_index);
  void forget_window();
  IndexWindows index_windows(TableEstimate estimate, const ReadSetting& setting) const;
  void open_window(const ReadSetting& setting);
  void scan_the_rest(const ReadSetting& setting);
  void plan_scans(TableEstimate estimate, const ReadSetting& setting);
  double share() const;

  TablePlan plan_;
  TableState& state_;
  const PagingFingerprint paging_fingerprint_;
  const std::shared_ptr<const ScanQuery> whole_table_;
  std::shared_ptr<const ScanQuery> query_;
  std::shared_ptr<TableEncoders> encoders_;  // shared with the workers' pages in flight
  RunProgress progress_;
  std::optional<IndexWindows> windows_;
  std::deque<ScanWork> pending_;     // before the queue's splits
  std::vector<WindowSlice> slices_;  // met, while others are awaited
  size_t slices_awaited_ = 0;
  SplitQueue queue_;
  TableEstimate estimate_;
  TablePhase phase_ = TablePhase::kWaiting;
  TableSummary summary_;
  bool rereads_ = false;  // a key may come again: a later window or another way to read
  const bool goes_on_;
  bool resumes_window_ = false;
  double share_at_start_ = 0;
  double share_before_scan_ = 0;  // read by index before a scan took over
  int64_t began_ms_ = 0;
};

}  // namespace ringsync
