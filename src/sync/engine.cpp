#include "sync/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "plan/table_planning.h"
#include "plan/token_ranges.h"
#include "sync/state_codec.h"

namespace ringsync {
namespace {

constexpr int64_t kThrottlePollMs = 50;
constexpr int64_t kPublishMs = 100;
constexpr int64_t kRetryLogMs = 10'000;
constexpr size_t kRangesTold = 8;

/// A refused log-in, too: the session was let in with the same credentials, and a node that has
/// just come up may not know the roles yet.
bool may_pass_in_mid_scan(ErrorCode code) { return is_transient(code) || code == ErrorCode::kAuth; }

}  // namespace

SyncEngine::SyncEngine(Source& source, Sink& sink, const Clock& clock, SyncOptions options)
    : source_(source),
      sink_(sink),
      clock_(clock),
      options_(std::move(options)),
      random_(options_.seed),
      scans_(options_, clock),
      throttle_(options_.rows_per_second_max, clock.steady_ms()),
      checkpointer_(sink, clock, options_, sync_) {}

SyncEngine::~SyncEngine() = default;

Result<SyncSummary> SyncEngine::run() {
  began_ms_ = clock_.steady_ms();
  RINGSYNC_TRY(prepare());
  RINGSYNC_TRY(read_tables());
  // No page is taken any more: what was delivered is what the last checkpoint vouches for.
  scans_.close();
  forget_done_tables();
  RINGSYNC_TRY(checkpointer_.take(CheckpointUrgency::kDurable));
  publish(true);
  return summarise();
}

Status SyncEngine::prepare() {
  RINGSYNC_ASSIGN(sync_, open_sync(source_, sink_, clock_, options_));
  RINGSYNC_TRY(scans_.open(source_, sync_.ring));
  publish(true);
  return {};
}

Status SyncEngine::read_tables() {
  last_page_ms_ = clock_.steady_ms();
  for (;;) {
    if (stop_requested_.load(std::memory_order_relaxed)) {
      log_warning("asked to stop: ending behind a checkpoint; asked again, it ends at once");
      return {};
    }
    start_scans();
    if (scans_.is_empty()) break;
    RINGSYNC_TRY(take_event());
    RINGSYNC_TRY(checkpointer_.take_if_old());
    publish(false);
  }
  for (const auto& table : sync_.tables) {
    if (!table->is_open()) continue;
    return Error{ErrorCode::kInternal,
                 fmt::format("table {}: no scan is left, but its ranges do not cover the ring",
                             table->name())};
  }
  return {};
}

void SyncEngine::forget_done_tables() {
  bool is_cut_off = false;
  bool got_further = false;
  for (const auto& table : sync_.tables) {
    is_cut_off |= table->is_open();
    got_further |= table->summary().rows_sent > 0;
  }
  // A source that is lost again and again at one table must not keep the others from being read.
  is_cut_off |= source_lost_ && got_further;
  if (!is_cut_off) sync_.state.done_tables.clear();
}

Status SyncEngine::take_event() {
  if (const int64_t wait_ms = throttle_.wait_ms(clock_.steady_ms()); wait_ms > 0) {
    clock_.sleep_ms(std::min(wait_ms, kThrottlePollMs));
    return {};
  }
  auto event = scans_.next();
  if (!event.ok()) return std::move(event).error();
  if (event->has_value()) return on_event(std::move(**event));
  give_up_overdue();
  return {};
}

void SyncEngine::start_scans() {
  while (scans_.has_room()) {
    const bool started = scans_.retries_first() ? scans_.start_due_retry() || start_next_work()
                                                : start_next_work() || scans_.start_due_retry();
    if (!started) return;
  }
}

bool SyncEngine::start_next_work() {
  // The first table with work gets it, so that tables end one after the other and few are open at
  // once; a new one begins when those before it have nothing left to hand out. Small tables hand
  // out one probe each, so that as many of them as there is room for are read side by side.
  for (const auto& table : sync_.tables) {
    if (table->phase() == TablePhase::kWaiting) {
      table->begin(std::make_shared<TableEncoders>(table->plan(), source_, &sink_),
                   clock_.steady_ms());
      options_.part ? table->plan_reads(options_.part->table, read_setting())
                    : table->probe_first();
    }
    if (table->phase() != TablePhase::kReading) continue;
    if (auto work = table->take_work()) {
      scans_.start(*table, std::move(*work));
      return true;
    }
  }
  return false;
}

ReadSetting SyncEngine::read_setting() const {
  return ringsync::read_setting(options_, sync_.ring, scans_.flow());
}

Status SyncEngine::on_event(PipelineEvent event) {
  ActiveScan* scan = scans_.find(event.id);
  if (scan == nullptr) return {};  // of a table that has failed or is read another way meanwhile
  if (!event.rows.ok()) {
    return on_failed_scan(scans_.take(event.id), event.rows.error());
  }
  scans_.on_page();
  last_page_ms_ = clock_.steady_ms();
  throttle_.take(event.rows->rows_read, last_page_ms_);
  if (scan->work.purpose == ScanPurpose::kSplit) return on_page(*scan, event.id, *event.rows);
  return on_probe_page(*scan, event.id, std::move(*event.rows));
}

Status SyncEngine::on_probe_page(ActiveScan& scan, ScanId id, EncodedRows rows) {
  const ScanPurpose purpose = scan.work.purpose;
  const bool is_last = rows.is_last;
  scan.probe_pages.push_back(std::move(rows));
  if (!is_last && scan.probe_pages.size() < probe_page_limit(purpose)) return {};
  ActiveScan probe = scans_.take(id);
  return is_size_probe(purpose) ? on_size_probe(std::move(probe))
                                : on_window_probe(std::move(probe));
}

Status SyncEngine::on_size_probe(ActiveScan probe) {
  TableRun& table = *probe.table;
  if (probe.probe_pages.back().is_last && table.probe_reads_all()) {
    RINGSYNC_TRY(deliver_probe(probe));
    return on_scan_end(table, probe.work);
  }
  const TableEstimate estimate = estimate_from(probe.probe_pages);
  const bool is_whole = probe.probe_pages.back().is_last;
  if (probe.work.purpose == ScanPurpose::kQuickProbe && !is_whole &&
      table.probe_further(estimate, read_setting())) {
    return {};
  }
  table.plan_reads(estimate, read_setting());
  return end_table_if_read(table);
}

Status SyncEngine::on_window_probe(ActiveScan probe) {
  TableRun& table = *probe.table;
  std::vector<WindowSlice> slices = table.meet_slice(
      {std::move(probe.work), std::move(probe.probe_pages.front())}, read_setting());
  for (WindowSlice& slice : slices) {
    RINGSYNC_TRY(deliver(table, slice.work, slice.page));
    slice.page.is_last ? table.on_scan_complete(slice.work) : table.continue_scan(slice.work);
  }
  return slices.empty() ? Status() : end_table_if_read(table);
}

Status SyncEngine::deliver_probe(ActiveScan& probe) {
  for (const EncodedRows& page : probe.probe_pages) {
    RINGSYNC_TRY(deliver(*probe.table, probe.work, page));
  }
  return {};
}

Status SyncEngine::on_page(ActiveScan& scan, ScanId id, const EncodedRows& rows) {
  TableRun& table = *scan.table;
  RINGSYNC_TRY(deliver(table, scan.work, rows));
  if (!rows.is_last) return {};
  return on_scan_end(table, scans_.take(id).work);
}

Status SyncEngine::begin_table(TableRun& table) {
  // The destination may mark all rows deleted now. Should the sync be cut off behind that, the next
  // one must not be handed a state that builds on them: whatever had the table read anew may have
  // been taken back by then.
  if (table.plan().sweeps() && sync_.built_on.contains(table.name())) {
    RINGSYNC_TRY(checkpointer_.take(CheckpointUrgency::kRoutine));
  }
  RINGSYNC_TRY(sink_.begin_table(table.plan()));
  table.mark_begun();
  return {};
}

Status SyncEngine::deliver(TableRun& table, ScanWork& work, const EncodedRows& rows) {
  const uint32_t total = rows.rows_read - rows.rows_reported;
  const bool may_repeat = table.may_repeat(work);
  if (!table.has_begun()) RINGSYNC_TRY(begin_table(table));
  for (uint32_t first = 0; first < total;) {
    const uint32_t count = std::min(total - first, checkpointer_.rows_left());
    RINGSYNC_TRY(sink_.deliver(table.plan(), rows.encoded, {first, count, may_repeat}));
    first += count;
    checkpointer_.on_rows(count);
    table.summary().rows_sent += count;
    if (first == total) break;
    table.on_part_delivered(work, rows, first);
    RINGSYNC_TRY(checkpointer_.take_if_full());
  }
  table.on_delivered(work, rows);
  checkpointer_.on_page(rows.bytes);
  return checkpointer_.take_if_full();
}

Status SyncEngine::on_scan_end(TableRun& table, const ScanWork& work) {
  table.on_scan_complete(work);
  return end_table_if_read(table);
}

Status SyncEngine::end_table_if_read(TableRun& table) {
  if (!table.covers_ring()) return {};
  // The end of a window is a checkpoint of the cursor.
  if (table.plan_next(read_setting())) return checkpointer_.take(CheckpointUrgency::kRoutine);
  return finish_table(table);
}

Status SyncEngine::finish_table(TableRun& table) {
  RINGSYNC_TRY(sink_.finish_table(table.plan()));
  complete_run(sync_.state.tables[table.name()]);
  const bool is_kept = options_.keeps_done_tables && table.plan().run == RunKind::kFull;
  if (is_kept) sync_.state.done_tables.insert(table.name());
  table.finish(clock_.steady_ms());
  const TableSummary& summary = table.summary();
  if (summary.null_cursor_rows > 0 && table.plan().run == RunKind::kFirst) {
    log_warning(
        "table {}: {} rows have no {}; they are in the destination now, but later changes "
        "of them will not be seen",
        table.name(), summary.null_cursor_rows, options_.cursor_column);
  }
  if (summary.rows_reported > 0) {
    log_warning("table {}: {} partitions hold static columns only; they have no rows to send",
                table.name(), summary.rows_reported);
  }
  return checkpointer_.take(CheckpointUrgency::kRoutine);
}

Status SyncEngine::on_failed_scan(ActiveScan scan, const Error& error) {
  if (error.code == ErrorCode::kTimeout || error.code == ErrorCode::kOverloaded) {
    scans_.on_overload();
  }
  // What a probe has brought tells the size well enough; another might fail as late.
  const bool is_probed = is_size_probe(scan.work.purpose) && !scan.probe_pages.empty();
  if (is_probed && is_transient(error.code)) return on_size_probe(std::move(scan));
  on_failure(std::move(scan), error);
  return {};
}

void SyncEngine::on_failure(ActiveScan scan, const Error& error) {
  const int64_t now_ms = clock_.steady_ms();
  if (gives_up_index(scan, error)) return;
  const bool refused = error.code == ErrorCode::kBadPagingState;
  if (!refused && !may_pass_in_mid_scan(error.code)) {
    fail_table(*scan.table, error);
    return;
  }
  scan.work = scan.table->work_after_failure(scan.work, error, now_ms);
  if (refused) {
    log_info(
        "table {}: the server does not take a paging state; its split goes on from the last "
        "token delivered",
        scan.table->name());
    scan.work = scan.table->work_from_token(std::move(scan.work));
    ++scan.work.refusals;
  }
  if (options_.retry.is_over(scan.work.failures, now_ms - scan.work.failing_since_ms)) {
    give_up(scan, now_ms);
    return;
  }
  // Ranges behind one that gets nowhere are read meanwhile.
  if (scan.work.failures >= options_.retry.attempts_min) scan.table->leave_lane(scan.work);
  retry(std::move(scan), error);
}

void SyncEngine::give_up(const ActiveScan& scan, int64_t now_ms) {
  const Error given_up{scan.work.failure->code, told_ranges(scan, now_ms)};
  // Where nothing at all has arrived meanwhile, the other tables would only wait for the same end.
  const bool source_lost = last_page_ms_ < scan.work.failing_since_ms;
  source_lost ? fail_all(given_up) : fail_table(*scan.table, given_up);
}

void SyncEngine::give_up_overdue() {
  const int64_t now_ms = clock_.steady_ms();
  while (const auto overdue = scans_.overdue(now_ms)) give_up(*overdue, now_ms);
}

std::string SyncEngine::told_ranges(const ActiveScan& scan, int64_t now_ms) const {
  std::vector<TokenRange> ranges = scans_.failing(*scan.table);
  ranges.push_back(scan.work.range);
  ranges = merged(std::move(ranges));
  std::string told;
  for (size_t i = 0; i < std::min(ranges.size(), kRangesTold); ++i) {
    told += fmt::format("{}({}, {}]", i == 0 ? "" : ", ", ranges[i].start, ranges[i].end);
  }
  if (ranges.size() > kRangesTold) told += fmt::format(" and {} more", ranges.size() - kRangesTold);
  return fmt::format("token range {}: {} (given up after {} attempts in {} s)", told,
                     scan.work.failure->message, scan.work.failures,
                     (now_ms - scan.work.failing_since_ms) / 1000);
}

bool SyncEngine::gives_up_index(const ActiveScan& scan, const Error& error) {
  TableRun& table = *scan.table;
  if (!table.reads_by_index()) return false;
  // What the server lacks shows when it refuses the statement; an index that is being built or is
  // broken fails on its replicas, again and again.
  const bool refuses = error.code == ErrorCode::kInvalidQuery || error.code == ErrorCode::kInternal;
  const bool fails = error.code == ErrorCode::kReadFailure ||
                     error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
  const bool again = scan.work.failures + 1 >= options_.retry.attempts_min;
  if (!refuses && !(fails && again)) return false;
  log_warning("table {}: index {} does not serve the read, one scan takes its place: {}",
              table.name(), table.plan().cursor_index, coded_text(error));
  scans_.drop(table);
  table.give_up_index(read_setting());
  return true;
}

void SyncEngine::retry(ActiveScan scan, const Error& error) {
  const int64_t now_ms = clock_.steady_ms();
  int64_t delay_ms = options_.retry.delay_ms(scan.work.failures, random_());
  // The last attempt begins before the time is over.
  const int64_t left_ms = options_.retry.give_up_after_ms - (now_ms - scan.work.failing_since_ms);
  if (left_ms > 0) delay_ms = std::min(delay_ms, left_ms);
  if (retry_logged_ms_ == 0 || now_ms - retry_logged_ms_ >= kRetryLogMs) {
    retry_logged_ms_ = now_ms;
    log_warning("table {}: {}; trying again, for {} s at most without a page", scan.table->name(),
                coded_text(error), options_.retry.give_up_after_ms / 1000);
  } else {
    log_debug("table {}: {}; trying again in {} ms", scan.table->name(), coded_text(error),
              delay_ms);
  }
  scans_.retry_later(*scan.table, std::move(scan.work), delay_ms);
}

void SyncEngine::fail_table(TableRun& table, const Error& error) {
  log_error(error.within("table " + table.name()));
  scans_.drop(table);
  table.fail(error, clock_.steady_ms());
}

void SyncEngine::fail_all(const Error& error) {
  source_lost_ = true;
  for (const auto& table : sync_.tables) {
    if (table->is_open()) fail_table(*table, error);
  }
}

void SyncEngine::publish(bool always) {
  const int64_t now_ms = clock_.steady_ms();
  if (!always && now_ms - published_ms_ < kPublishMs) return;
  published_ms_ = now_ms;
  ProgressSnapshot snapshot;
  snapshot.elapsed_ms = now_ms - began_ms_;
  for (const auto& table : sync_.tables) snapshot.tables.push_back(table->progress(now_ms));
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = std::move(snapshot);
}

ProgressSnapshot SyncEngine::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

Result<SyncSummary> SyncEngine::summarise() {
  SyncSummary summary;
  summary.seconds = static_cast<double>(clock_.steady_ms() - began_ms_) / 1000.0;
  for (const auto& table : sync_.tables) {
    summary.interrupted |= table->is_open();
    if (table->is_open()) table->interrupt(clock_.steady_ms());
    if (table->plan().sweeps()) table->summary().rows_deleted = sink_.rows_deleted(table->name());
    summary.tables.push_back(table->summary());
  }
  // As people look for them, whatever the order in which they were read.
  std::ranges::sort(summary.tables, {}, &TableSummary::name);
  return summary;
}

}  // namespace ringsync
