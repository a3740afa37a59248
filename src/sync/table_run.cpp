#include "sync/table_run.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "plan/token_ranges.h"

namespace ringsync {
namespace {

constexpr double kQuickProbeError = 10;

/// Rows that the slice holds, as far as its first page tells.
double estimated_rows(const WindowSlice& slice) {
  const auto rows = static_cast<double>(slice.page.rows_read);
  if (slice.page.is_last || slice.page.rows_read == 0) return rows;
  const TokenRange& range = slice.work.range;
  return rows * ring_share(range) / ring_share({range.start, slice.page.last_token});
}

}  // namespace

TableRun::TableRun(TablePlan plan, TableState& state, PagingFingerprint paging_fingerprint)
    : plan_(std::move(plan)),
      state_(state),
      paging_fingerprint_(std::move(paging_fingerprint)),
      whole_table_(std::make_shared<const ScanQuery>(
          ScanQuery{plan_.table_read(), plan_.cursor_column, {}, {}})),
      progress_(*state.run, state.run->paging_fingerprint),
      goes_on_(state.run->has_begun),
      resumes_window_(state.run->window_end_ms.has_value()),
      share_at_start_(progress_.share()) {
  summary_.name = plan_.table.name;
  summary_.mode = plan_.mode;
  summary_.run = plan_.run;
  summary_.resumed = goes_on_ && !is_untouched();
}

void TableRun::begin(std::shared_ptr<TableEncoders> encoders, int64_t now_ms) {
  encoders_ = std::move(encoders);
  phase_ = TablePhase::kReading;
  began_ms_ = now_ms;
}

void TableRun::probe_first() {
  ScanWork probe;
  probe.purpose = plan_.cursor_index.empty() ? ScanPurpose::kSizeProbe : ScanPurpose::kQuickProbe;
  pending_.push_back(std::move(probe));
  if (probe_reads_all()) set_bounds(std::nullopt, std::nullopt, false);
}

void TableRun::set_bounds(std::optional<int64_t> after_ms, std::optional<int64_t> end_ms,
                          bool by_index) {
  query_ = std::make_shared<const ScanQuery>(
      ScanQuery{plan_.table_read(), plan_.cursor_column, after_ms, end_ms, by_index});
  RunState& run = *state_.run;
  run.cursor_after_ms = after_ms;
  run.window_end_ms = end_ms;
  // Positions are kept, paging states only where they were made for this very statement.
  progress_.save(run);
  const std::string fingerprint = paging_fingerprint_(*query_);
  progress_ = RunProgress(run, fingerprint);
  run.paging_fingerprint = fingerprint;
}

IndexWindows TableRun::index_windows(TableEstimate estimate, const ReadSetting& setting) const {
  return {*state_.run->cursor_after_ms, plan_.until_ms, state_.run->window_end_ms,
          setting.windows(estimate)};
}

bool TableRun::probe_further(TableEstimate estimate, const ReadSetting& setting) {
  const ReadEstimate reads = index_windows(estimate, setting).estimate();
  // Few pages may lie in one large partition: the estimate may be wrong by as much.
  if (reads.index_seconds * kQuickProbeError < reads.scan_seconds) return false;
  ScanWork probe;
  probe.purpose = ScanPurpose::kSizeProbe;
  pending_.push_back(std::move(probe));
  return true;
}

void TableRun::plan_reads(TableEstimate estimate, const ReadSetting& setting) {
  estimate_ = estimate;
  if (!plan_.cursor_index.empty()) {
    windows_ = index_windows(estimate, setting);
    const ReadEstimate reads = windows_->estimate();
    const bool by_index = reads.index_is_cheaper();
    log_info("table {}: {}: {} window{} of index {} take about {:.2f} s, one scan about {:.2f} s",
             name(), by_index ? "by index" : "by one scan", reads.windows,
             reads.windows == 1 ? "" : "s", plan_.cursor_index, reads.index_seconds,
             reads.scan_seconds);
    if (by_index) {
      open_window(setting);
      return;
    }
  }
  scan_the_rest(setting);
}

void TableRun::open_window(const ReadSetting& setting) {
  set_bounds(windows_->after_ms(), windows_->end_ms(), true);
  if (progress_.is_empty()) {
    const auto ranges = cut_evenly(kWholeRing, std::min(setting.lanes, kWindowSlicesMax));
    slices_awaited_ = ranges.size();
    for (const TokenRange& range : ranges) {
      ScanWork probe;
      probe.purpose = ScanPurpose::kWindowProbe;
      probe.range = range;
      pending_.push_back(std::move(probe));
    }
    return;
  }
  // How much is left of a window that a saved run began is not known: a split a lane.
  plan_scans({uint64_t{setting.lanes} * 2 * setting.page_rows, estimate_.row_bytes}, setting);
}

std::vector<WindowSlice> TableRun::meet_slice(WindowSlice slice, const ReadSetting& setting) {
  slices_.push_back(std::move(slice));
  if (slices_.size() < slices_awaited_) return {};
  double rows = 0;
  bool is_whole = true;
  for (const WindowSlice& met : slices_) {
    rows += estimated_rows(met);
    is_whole = is_whole && met.page.is_last;
  }
  if (!is_whole && !windows_->estimate(rows).index_is_cheaper()) {
    log_info("table {}: index {} leads to so many rows that one scan is cheaper", name(),
             plan_.cursor_index);
    give_up_index(setting);
    return {};
  }
  slices_awaited_ = 0;
  return std::exchange(slices_, {});
}

bool TableRun::plan_next(const ReadSetting& setting) {
  if (!windows_) return false;
  ++summary_.index_windows;
  if (!windows_->advance()) return false;
  rereads_ = true;
  forget_window();
  if (windows_->estimate().index_is_cheaper()) {
    open_window(setting);
  } else {
    log_info("table {}: by one scan from here on: index {} leads to too many rows", name(),
             plan_.cursor_index);
    scan_the_rest(setting);
  }
  return true;
}

void TableRun::give_up_index(const ReadSetting& setting) {
  rereads_ = true;
  scan_the_rest(setting);
}

// What was read of a window with an end says nothing of the rows past that end.
void TableRun::forget_window() {
  progress_ = RunProgress();
  slices_.clear();
  slices_awaited_ = 0;
  pending_.clear();
  queue_ = SplitQueue();
}

void TableRun::scan_the_rest(const ReadSetting& setting) {
  if (windows_) share_before_scan_ = windows_->share_done();
  if (state_.run->window_end_ms) forget_window();
  const std::optional<int64_t> after_ms =
      windows_ ? windows_->after_ms() : state_.run->cursor_after_ms;
  windows_.reset();
  slices_.clear();
  slices_awaited_ = 0;
  pending_.clear();
  set_bounds(after_ms, std::nullopt, false);
  plan_scans(estimate_, setting);
}

void TableRun::plan_scans(TableEstimate estimate, const ReadSetting& setting) {
  for (const ScanPosition& position : progress_.positions()) {
    ScanWork work;
    work.range = position.range;
    work.paging_state = position.paging_state;
    if (work.paging_state.empty()) work = work_from_token(std::move(work));
    pending_.push_back(std::move(work));
  }
  // What the resumed scans read is not for the queue; a restarted one has no position any more.
  std::vector<TokenRange> resumed_ranges;
  for (const ScanWork& work : pending_) resumed_ranges.push_back(work.range);
  const auto ranges = without(progress_.remaining(), resumed_ranges);
  SplitSizing sizing = setting.sizing;
  // An index begins its search anew for each page: a split is to have two at least.
  if (windows_) sizing.split_rows_min = uint64_t{2} * setting.page_rows;
  queue_ = SplitQueue(plan_splits(ranges, setting.ring_tokens, estimate, sizing), setting.lanes);
}

std::optional<ScanWork> TableRun::take_work() {
  if (!pending_.empty()) {
    ScanWork work = std::move(pending_.front());
    pending_.pop_front();
    return work;
  }
  const auto assignment = queue_.take();
  if (!assignment) return std::nullopt;
  ScanWork work;
  work.range = assignment->range;
  work.lane = assignment->lane;
  return work;
}

void TableRun::continue_scan(const ScanWork& work) {
  ScanWork rest = work;
  rest.purpose = ScanPurpose::kSplit;
  if (const ScanPosition* position = progress_.position(work.range)) {
    rest.paging_state = position->paging_state;
  }
  pending_.push_back(std::move(rest));
}

ScanWork TableRun::work_after_failure(const ScanWork& failed, const Error& error,
                                      int64_t now_ms) const {
  ScanWork work = failed;
  if (work.failures++ == 0) work.failing_since_ms = now_ms;
  work.failure = error;
  if (const ScanPosition* position = progress_.position(failed.range)) {
    work.paging_state = position->paging_state;
  }
  return work;
}

void TableRun::leave_lane(ScanWork& work) {
  if (work.lane) queue_.release(*work.lane);
  work.lane.reset();
}

ScanWork TableRun::work_from_token(ScanWork work) {
  work.paging_state.clear();
  if (const ScanPosition* position = progress_.position(work.range)) {
    work.repeats_until = position->reached;
  }
  work.range = progress_.restart(work.range);
  return work;
}

void TableRun::on_delivered(ScanWork& work, const EncodedRows& rows) {
  if (work.repeats_until && rows.rows_read > 0 && rows.last_token > *work.repeats_until) {
    work.repeats_until.reset();
  }
  // A page is progress, but for rows met before behind a refusal: a scan that reads them, fails and
  // is refused again each time must come to an end.
  if (!work.repeats_until || work.refusals == 0) work.failures = 0;
  summary_.rows_read += rows.rows_read;
  summary_.rows_reported += rows.rows_reported;
  summary_.null_cursor_rows += rows.null_cursor_rows;
  summary_.bytes += rows.bytes;
  if (rows.encoded != nullptr) count_nulled(*rows.encoded);
  if (windows_) windows_->met(rows.rows_read);
  if (rows.is_last) return;
  // A page may be empty and not the last: the server filtered all it read. Its paging state counts
  // all the same; the token reached stays, or is the first of the range, which vouches for nothing.
  const ScanPosition* before = progress_.position(work.range);
  const Token stays = before != nullptr ? before->reached : work.range.start + 1;
  progress_.advance(work.range, rows.rows_read > 0 ? rows.last_token : stays, rows.paging_state);
}

void TableRun::on_part_delivered(const ScanWork& work, const EncodedRows& rows,
                                 uint32_t delivered) {
  if (delivered < kMarkRows) return;
  const Token reached = rows.marks[delivered / kMarkRows - 1];
  // In the partition in which the page begins, its own paging state is further.
  const ScanPosition* before = progress_.position(work.range);
  if (before != nullptr && reached <= before->reached) return;
  progress_.advance(work.range, reached, {});
}

void TableRun::count_nulled(const EncodedPage& page) {
  for (const NulledValues& nulled : page.nulled()) {
    const std::string& column = plan_.table.columns[nulled.column].name;
    uint64_t& count = summary_.nulled_values[column];
    if (count == 0) {
      log_warning(
          "table {}: column {} has values that the destination cannot hold; they become NULL, as "
          "on_unrepresentable=null asks for, and the summary counts them",
          name(), quoted(column));
    }
    count += nulled.count;
  }
}

void TableRun::on_scan_complete(const ScanWork& work) {
  progress_.complete(work.range);
  if (work.lane) queue_.release(*work.lane);
}

void TableRun::finish(int64_t now_ms) {
  phase_ = TablePhase::kDone;
  encoders_.reset();
  summary_.finished = true;
  summary_.seconds = static_cast<double>(now_ms - began_ms_) / 1000.0;
}

void TableRun::skip() {
  phase_ = TablePhase::kDone;
  summary_.finished = true;
}

void TableRun::fail(Error error, int64_t now_ms) {
  // The run stays in the state: the next sync goes on from what was delivered.
  save_progress();
  const bool began = phase_ == TablePhase::kReading;
  phase_ = TablePhase::kFailed;
  slices_.clear();
  encoders_.reset();
  summary_.error = std::move(error);
  if (began) summary_.seconds = static_cast<double>(now_ms - began_ms_) / 1000.0;
}

void TableRun::save_progress() {
  if (state_.run) progress_.save(*state_.run);
}

void TableRun::interrupt(int64_t now_ms) {
  if (phase_ == TablePhase::kReading) {
    summary_.seconds = static_cast<double>(now_ms - began_ms_) / 1000.0;
  }
}

uint32_t TableRun::first_page_rows(uint32_t page_bytes_target, uint32_t page_rows_max) const {
  const uint64_t fitting = page_bytes_target / std::max<uint64_t>(estimate_.row_bytes, 1);
  return static_cast<uint32_t>(std::clamp<uint64_t>(fitting, 1, page_rows_max));
}

double TableRun::share() const {
  if (phase_ == TablePhase::kDone) return 1;
  if (!windows_) return share_before_scan_ + (1 - share_before_scan_) * progress_.share();
  const double done = windows_->share_done();
  const auto left = static_cast<double>(windows_->estimate().windows);
  return done + (1 - done) / left * progress_.share();
}

TableProgress TableRun::progress(int64_t now_ms) const {
  TableProgress progress;
  progress.name = plan_.table.name;
  progress.state = phase_;
  progress.rows = summary_.rows_sent;
  progress.ring_share = share();
  progress.ring_share_start = share_at_start_;
  if (phase_ != TablePhase::kWaiting) progress.reading_ms = now_ms - began_ms_;
  return progress;
}

}  // namespace ringsync
