#include "sync/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "plan/table_planning.h"
#include "plan/token_ranges.h"
#include "sync/state_codec.h"

namespace ringsync {
namespace {

// A first small page tells how wide rows are before a big one is asked for; the second, sized by
// it, tells how densely the table fills the ring.
constexpr uint32_t kProbeRows = 16;
constexpr uint32_t kProbePages = 2;
constexpr uint32_t kPageRowsLeast = 64;
constexpr int64_t kPollMs = 100;
constexpr int64_t kPublishMs = 100;
constexpr int64_t kRetryLogMs = 10'000;
// A published rule of thumb is three scans a core; more than 64 only fragment the state.
constexpr uint32_t kScansPerShard = 3;
constexpr uint32_t kInFlightMin = 4;
constexpr uint32_t kInFlightMax = 64;

TableEstimate estimate_from(const std::vector<EncodedRows>& pages) {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  Token reached = kTokenMin;
  for (const EncodedRows& page : pages) {
    rows += page.rows_read;
    bytes += page.bytes;
    if (page.rows_read > 0) reached = page.last_token;
  }
  if (rows == 0) return {};
  const double share =
      pages.back().is_last || reached == kTokenMin ? 1.0 : ring_share({kTokenMin, reached});
  // A dense first sliver of the ring must not overflow the estimate.
  const double estimated = std::min(static_cast<double>(rows) / share, 1e15);
  return {static_cast<uint64_t>(estimated), std::max<uint64_t>(bytes / rows, 1)};
}

}  // namespace

SyncEngine::SyncEngine(Source& source, Sink& sink, const Clock& clock, SyncOptions options)
    : source_(source),
      sink_(sink),
      clock_(clock),
      options_(std::move(options)),
      random_(options_.seed) {}

SyncEngine::~SyncEngine() = default;

Result<SyncSummary> SyncEngine::run() {
  began_ms_ = clock_.steady_ms();
  RINGSYNC_TRY(prepare());
  RINGSYNC_TRY(read_tables());
  // No page is taken any more: what was delivered is what the last checkpoint vouches for.
  pipeline_.reset();
  RINGSYNC_TRY(checkpoint(CheckpointUrgency::kDurable));
  publish(true);
  return summarise();
}

Status SyncEngine::prepare() {
  RINGSYNC_ASSIGN(sync_, open_sync(source_, sink_, clock_, options_));
  uint32_t in_flight = options_.in_flight_max;
  if (in_flight == 0) {
    in_flight = std::clamp(sync_.ring.shard_count * kScansPerShard, kInFlightMin, kInFlightMax);
  }
  flow_.emplace(in_flight, options_.page_rows_max);
  RINGSYNC_ASSIGN(scanner_, source_.scanner({options_.page_rows_max, options_.page_bytes_target,
                                             options_.queue_pages}));
  pipeline_ = std::make_unique<PagePipeline>(*scanner_, options_.pipeline);
  publish(true);
  return {};
}

Status SyncEngine::read_tables() {
  last_page_ms_ = checkpoint_ms_ = clock_.steady_ms();
  for (;;) {
    if (stop_requested_.load(std::memory_order_relaxed)) {
      log_warning("asked to stop: ending behind a checkpoint; asked again, it ends at once");
      return {};
    }
    start_scans();
    if (scans_.empty() && retries_.empty()) break;
    auto event = pipeline_->next(wait_ms());
    if (!event.ok()) return std::move(event).error();
    if (event->has_value()) RINGSYNC_TRY(on_event(std::move(**event)));
    RINGSYNC_TRY(checkpoint_if_due());
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

void SyncEngine::start_scans() {
  while (scans_.size() < flow_->in_flight()) {
    if (!start_due_retry() && !start_next_work()) return;
  }
}

bool SyncEngine::start_due_retry() {
  const int64_t now_ms = clock_.steady_ms();
  const auto due = std::find_if(retries_.begin(), retries_.end(),
                                [&](const Retry& retry) { return retry.due_ms <= now_ms; });
  if (due == retries_.end()) return false;
  Retry retry = std::move(*due);
  retries_.erase(due);
  if (retry.is_probe) {
    start_probe(*retry.table, std::move(retry.work));
  } else {
    start_scan(*retry.table, std::move(retry.work));
  }
  return true;
}

bool SyncEngine::start_next_work() {
  // The first table with work gets it, so that tables end one after the other and few are open at
  // once; a new one begins when those before it have nothing left to hand out.
  for (const auto& table : sync_.tables) {
    if (table->phase() == TablePhase::kReading) {
      if (auto work = table->take_work()) {
        start_scan(*table, std::move(*work));
        return true;
      }
    } else if (table->phase() == TablePhase::kWaiting) {
      table->begin(std::make_shared<TableEncoders>(table->plan(), source_, sink_),
                   clock_.steady_ms());
      start_probe(*table, {});
      return true;
    }
  }
  return false;
}

void SyncEngine::start_probe(TableRun& table, ScanWork work) {
  ScanRequest request;
  // The estimate is of the whole table: a cursor's bound would make the server filter all of it.
  const bool bounded = table.plan().cursor_after_ms.has_value();
  request.query = bounded ? std::make_shared<const ScanQuery>(ScanQuery{table.plan().table, {}, {}})
                          : table.query();
  request.range = kWholeRing;
  request.first_page_rows = std::min(kProbeRows, flow_->page_rows());
  request.page_limit = kProbePages;
  work.range = kWholeRing;
  submit(std::move(request), ActiveScan{&table, std::move(work), true, {}},
         table.builds_on_earlier_rows() ? PagePipeline::Use::kEstimate : PagePipeline::Use::kRows);
}

void SyncEngine::start_scan(TableRun& table, ScanWork work) {
  ScanRequest request;
  request.query = table.query();
  request.range = work.range;
  request.paging_state = work.paging_state;
  // Fewer rows after each failure of this scan: the page itself may be what the server fails at.
  // The limit holds to the scan's end, so it stays high enough to read on at a fair pace.
  const uint32_t page_rows = flow_->page_rows();
  const uint32_t halvings = std::min<uint32_t>(2 * work.failures, 31);
  request.page_rows_max = std::max(page_rows >> halvings, std::min(page_rows, kPageRowsLeast));
  request.first_page_rows =
      table.first_page_rows(options_.page_bytes_target, request.page_rows_max);
  submit(std::move(request), ActiveScan{&table, std::move(work), false, {}},
         PagePipeline::Use::kRows);
}

void SyncEngine::submit(ScanRequest request, ActiveScan scan, PagePipeline::Use use) {
  const ScanId id = next_scan_id_++;
  request.id = id;
  pipeline_->open(id, scan.table->encoders(), use);
  scans_.emplace(id, std::move(scan));
  scanner_->start(std::move(request));
}

void SyncEngine::end_scan(ScanId id) {
  pipeline_->close(id);
  scans_.erase(id);
}

int64_t SyncEngine::wait_ms() const {
  int64_t wait = kPollMs;
  if (scans_.size() >= flow_->in_flight()) return wait;  // a due retry has no room yet
  const int64_t now_ms = clock_.steady_ms();
  for (const Retry& retry : retries_) wait = std::min(wait, retry.due_ms - now_ms);
  return std::max<int64_t>(wait, 0);
}

Status SyncEngine::on_event(PipelineEvent event) {
  if (!scans_.contains(event.id)) return {};  // of a table that has failed meanwhile
  if (!event.rows.ok()) {
    on_failure(event.id, event.rows.error());
    return {};
  }
  flow_->on_page();
  last_page_ms_ = clock_.steady_ms();
  if (scans_.at(event.id).is_probe) return on_probe_page(event.id, std::move(*event.rows));
  return on_page(event.id, *event.rows);
}

Status SyncEngine::on_probe_page(ScanId id, EncodedRows rows) {
  ActiveScan& scan = scans_.at(id);
  TableRun& table = *scan.table;
  const bool is_last = rows.is_last;
  scan.probe_pages.push_back(std::move(rows));
  if (!is_last && scan.probe_pages.size() < kProbePages) return {};

  ActiveScan probe = std::move(scan);
  end_scan(id);
  if (!is_last || table.builds_on_earlier_rows()) {
    SplitSizing sizing = options_.sizing;
    sizing.splits_min = std::max(sizing.splits_min, 4 * flow_->in_flight());
    table.plan_scans(sync_.ring.tokens, estimate_from(probe.probe_pages), sizing,
                     flow_->in_flight());
    return table.covers_ring() ? finish_table(table) : Status{};
  }
  for (const EncodedRows& page : probe.probe_pages) {
    RINGSYNC_TRY(deliver(table, probe.work, page));
  }
  return on_scan_end(table, probe.work);
}

Status SyncEngine::on_page(ScanId id, const EncodedRows& rows) {
  ActiveScan& scan = scans_.at(id);
  TableRun& table = *scan.table;
  RINGSYNC_TRY(deliver(table, scan.work, rows));
  if (!rows.is_last) return {};
  const ScanWork work = std::move(scan.work);
  end_scan(id);
  return on_scan_end(table, work);
}

Status SyncEngine::deliver(TableRun& table, ScanWork& work, const EncodedRows& rows) {
  const uint32_t total = rows.rows_read - rows.rows_reported;
  const bool may_repeat = work.repeats_until.has_value();
  for (uint32_t first = 0; first < total;) {
    const uint32_t room = options_.checkpoint_interval_rows - rows_since_checkpoint_;
    const uint32_t count = std::min(total - first, room);
    RINGSYNC_TRY(sink_.deliver(table.plan(), rows.encoded, {first, count, may_repeat}));
    first += count;
    rows_since_checkpoint_ += count;
    table.summary().rows_sent += count;
    // Inside a page the state still points to the page's start.
    if (first < total && rows_since_checkpoint_ == options_.checkpoint_interval_rows) {
      RINGSYNC_TRY(checkpoint(CheckpointUrgency::kRoutine));
    }
  }
  table.on_delivered(work, rows);
  moved_since_checkpoint_ = true;
  bytes_since_checkpoint_ += rows.bytes;
  if (rows_since_checkpoint_ == options_.checkpoint_interval_rows ||
      bytes_since_checkpoint_ >= options_.checkpoint_bytes) {
    return checkpoint(CheckpointUrgency::kRoutine);
  }
  return {};
}

Status SyncEngine::on_scan_end(TableRun& table, const ScanWork& work) {
  table.on_scan_complete(work);
  return table.covers_ring() ? finish_table(table) : Status{};
}

Status SyncEngine::finish_table(TableRun& table) {
  RINGSYNC_TRY(sink_.finish_table(table.plan()));
  complete_run(sync_.state.tables[table.name()]);
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
  return checkpoint(CheckpointUrgency::kRoutine);
}

void SyncEngine::on_failure(ScanId id, const Error& error) {
  ActiveScan scan = std::move(scans_.at(id));
  end_scan(id);
  const int64_t now_ms = clock_.steady_ms();
  if (error.code == ErrorCode::kTimeout || error.code == ErrorCode::kOverloaded) {
    flow_->on_overload(now_ms);
  }
  const bool refused = error.code == ErrorCode::kBadPagingState;
  if (!refused && !is_transient(error.code)) {
    fail_table(*scan.table, error);
    return;
  }
  scan.work = scan.table->work_after_failure(scan.work, now_ms);
  if (refused) {
    log_info(
        "table {}: the server does not take a paging state; its split goes on from the last "
        "token delivered",
        scan.table->name());
    scan.work = scan.table->work_from_token(std::move(scan.work));
    ++scan.work.refusals;
  }
  if (!is_hopeless(scan.work, now_ms)) {
    retry(std::move(scan), error);
    return;
  }
  const Error given_up{error.code, told_range(scan, error.message, now_ms)};
  // Where nothing at all has arrived meanwhile, the other tables would only wait for the same end.
  const bool source_lost = last_page_ms_ < scan.work.failing_since_ms;
  source_lost ? fail_all(given_up) : fail_table(*scan.table, given_up);
}

std::string SyncEngine::told_range(const ActiveScan& scan, const std::string& why,
                                   int64_t now_ms) const {
  auto others = std::count_if(retries_.begin(), retries_.end(),
                              [&](const Retry& retry) { return retry.table == scan.table; });
  others += std::count_if(scans_.begin(), scans_.end(), [&](const auto& entry) {
    return entry.second.table == scan.table && entry.second.work.failures > 0;
  });
  const TokenRange& range = scan.work.range;
  return fmt::format("token range ({}, {}]{}: {} (given up after {} attempts in {} s)", range.start,
                     range.end, others == 0 ? "" : fmt::format(" and {} more", others), why,
                     scan.work.failures, (now_ms - scan.work.failing_since_ms) / 1000);
}

bool SyncEngine::is_hopeless(const ScanWork& work, int64_t now_ms) const {
  return work.failures >= options_.retry.attempts_min &&
         now_ms - work.failing_since_ms >= options_.retry.give_up_after_ms;
}

void SyncEngine::retry(ActiveScan scan, const Error& error) {
  const int64_t now_ms = clock_.steady_ms();
  const int64_t delay_ms = options_.retry.delay_ms(scan.work.failures, random_());
  if (retry_logged_ms_ == 0 || now_ms - retry_logged_ms_ >= kRetryLogMs) {
    retry_logged_ms_ = now_ms;
    log_warning("table {}: {}; trying again, for {} s at most without a page", scan.table->name(),
                error.message, options_.retry.give_up_after_ms / 1000);
  } else {
    log_debug("table {}: {}; trying again in {} ms", scan.table->name(), error.message, delay_ms);
  }
  retries_.push_back({now_ms + delay_ms, scan.table, std::move(scan.work), scan.is_probe});
}

void SyncEngine::fail_table(TableRun& table, const Error& error) {
  log_error(error.within("table " + table.name()));
  std::erase_if(retries_, [&](const Retry& retry) { return retry.table == &table; });
  std::vector<ScanId> ended;
  for (const auto& [id, scan] : scans_) {
    if (scan.table == &table) ended.push_back(id);
  }
  for (const ScanId id : ended) end_scan(id);
  table.fail(error, clock_.steady_ms());
}

void SyncEngine::fail_all(const Error& error) {
  for (const auto& table : sync_.tables) {
    if (table->is_open()) fail_table(*table, error);
  }
}

Status SyncEngine::checkpoint(CheckpointUrgency urgency) {
  const uint32_t rows = std::exchange(rows_since_checkpoint_, 0);
  bytes_since_checkpoint_ = 0;
  moved_since_checkpoint_ = false;
  checkpoint_ms_ = clock_.steady_ms();
  std::string json;
  const Checkpoint checkpoint{sync_.sequence + 1, [&] {
                                for (const auto& table : sync_.tables) {
                                  if (table->is_open()) table->save_progress();
                                }
                                json = encode_state(sync_.state);
                                return json;
                              }};
  RINGSYNC_ASSIGN(const bool durable, sink_.checkpoint(checkpoint, urgency));
  ++sync_.sequence;
  log_debug("checkpoint {}: {} rows more, {}", sync_.sequence, rows,
            durable ? "durable" : "durable with a later one");
  if (durable && !json.empty() && options_.on_durable_state) {
    return options_.on_durable_state(json);
  }
  return {};
}

Status SyncEngine::checkpoint_if_due() {
  // An incremental scan may read for hours and bring hardly a row: its positions count too.
  const bool is_due = clock_.steady_ms() - checkpoint_ms_ >= options_.checkpoint_interval_ms;
  return moved_since_checkpoint_ && is_due ? checkpoint(CheckpointUrgency::kRoutine) : Status{};
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
  return summary;
}

}  // namespace ringsync
