#include "sync/table_run.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "plan/token_ranges.h"

namespace ringsync {

TableRun::TableRun(TablePlan plan, TableState& state, const std::string& paging_fingerprint)
    : plan_(std::move(plan)),
      state_(state),
      query_(std::make_shared<const ScanQuery>(
          ScanQuery{plan_.table, plan_.cursor_column, plan_.cursor_after_ms})),
      progress_(*state.run, paging_fingerprint),
      share_at_start_(progress_.share()) {
  state_.run->paging_fingerprint = paging_fingerprint;
  summary_.name = plan_.table.name;
  summary_.mode = plan_.mode;
  summary_.run = plan_.run;
  summary_.resumed = !is_untouched();
}

void TableRun::begin(std::shared_ptr<TableEncoders> encoders, int64_t now_ms) {
  encoders_ = std::move(encoders);
  phase_ = TablePhase::kReading;
  began_ms_ = now_ms;
}

bool TableRun::is_untouched() const { return share_at_start_ == 0; }

void TableRun::plan_scans(const std::vector<Token>& ring_tokens, TableEstimate estimate,
                          const SplitSizing& sizing, uint32_t lanes) {
  estimate_ = estimate;
  for (const ScanPosition& position : progress_.positions()) {
    ScanWork work;
    work.range = position.range;
    work.paging_state = position.paging_state;
    if (work.paging_state.empty()) work = work_from_token(std::move(work));
    resumed_.push_back(std::move(work));
  }
  // What the resumed scans read is not for the queue; a restarted one has no position any more.
  std::vector<TokenRange> resumed_ranges;
  for (const ScanWork& work : resumed_) resumed_ranges.push_back(work.range);
  const auto ranges = without(progress_.remaining(), resumed_ranges);
  queue_ = SplitQueue(plan_splits(ranges, ring_tokens, estimate, sizing), lanes);
}

std::optional<ScanWork> TableRun::take_work() {
  if (!resumed_.empty()) {
    ScanWork work = std::move(resumed_.front());
    resumed_.pop_front();
    return work;
  }
  const auto assignment = queue_.take();
  if (!assignment) return std::nullopt;
  ScanWork work;
  work.range = assignment->range;
  work.lane = assignment->lane;
  return work;
}

ScanWork TableRun::work_after_failure(const ScanWork& failed, int64_t now_ms) const {
  ScanWork work = failed;
  if (work.failures++ == 0) work.failing_since_ms = now_ms;
  if (const ScanPosition* position = progress_.position(failed.range)) {
    work.paging_state = position->paging_state;
  }
  return work;
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
  if (rows.is_last) return;
  // A page may be empty and not the last: the server filtered all it read. Its paging state counts
  // all the same; the token reached stays, or is the first of the range, which vouches for nothing.
  const ScanPosition* before = progress_.position(work.range);
  const Token stays = before != nullptr ? before->reached : work.range.start + 1;
  progress_.advance(work.range, rows.rows_read > 0 ? rows.last_token : stays, rows.paging_state);
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

void TableRun::fail(Error error, int64_t now_ms) {
  // The run stays in the state: the next sync goes on from what was delivered.
  save_progress();
  const bool began = phase_ == TablePhase::kReading;
  phase_ = TablePhase::kFailed;
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

TableProgress TableRun::progress(int64_t now_ms) const {
  TableProgress progress;
  progress.name = plan_.table.name;
  progress.state = phase_;
  progress.rows = summary_.rows_sent;
  progress.ring_share = phase_ == TablePhase::kDone ? 1.0 : progress_.share();
  progress.ring_share_start = share_at_start_;
  if (phase_ != TablePhase::kWaiting) progress.reading_ms = now_ms - began_ms_;
  return progress;
}

}  // namespace ringsync
