#include "sync/scan_set.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "plan/token_ranges.h"

namespace ringsync {
namespace {

// A first small page tells how wide rows are before a big one is asked for. Each further one has at
// most twice the rows: eight pages are up to 4,080 rows, which reach past several large partitions
// and so tell how densely the table fills the ring.
constexpr uint32_t kProbeRows = 16;
constexpr uint32_t kSizeProbePages = 8;
constexpr uint32_t kQuickProbePages = 3;
constexpr uint32_t kPageRowsLeast = 64;
constexpr int64_t kPollMs = 50;
constexpr int64_t kLastAttemptMs = 10'000;
// A published rule of thumb is three scans a core; more than 64 only fragment the state.
constexpr uint32_t kScansPerShard = 3;
constexpr uint32_t kInFlightMin = 4;
constexpr uint32_t kInFlightMax = 64;

}  // namespace

uint32_t probe_page_limit(ScanPurpose purpose) {
  switch (purpose) {
    case ScanPurpose::kSizeProbe: return kSizeProbePages;
    case ScanPurpose::kQuickProbe: return kQuickProbePages;
    case ScanPurpose::kWindowProbe: return 1;
    case ScanPurpose::kSplit: break;
  }
  return 0;
}

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

ReadSetting read_setting(const SyncOptions& options, const Ring& ring, const FlowControl& flow) {
  SplitSizing sizing = options.sizing;
  sizing.splits_min = std::max(sizing.splits_min, 4 * flow.in_flight());
  return {ring.tokens,      ring.node_count,   sizing,       flow.in_flight(),
          flow.page_rows(), options.window_ms, options.costs};
}

Status ScanSet::open(Source& source, const Ring& ring) {
  ReadLimits limits;
  limits.in_flight = options_.in_flight_max;
  if (limits.in_flight == 0) {
    limits.in_flight = std::clamp(ring.shard_count * kScansPerShard, kInFlightMin, kInFlightMax);
  }
  limits.page_rows = options_.page_rows_max;
  limits.queue_pages = options_.queue_pages;
  PipelineOptions pipeline = options_.pipeline;
  if (options_.rows_per_second_max > 0) {
    limits = throttled(limits, options_.rows_per_second_max);
    pipeline.bytes_max = 1;  // one page at a time, whatever its size
  }
  flow_.emplace(limits.in_flight, limits.page_rows);
  RINGSYNC_ASSIGN(
      scanner_, source.scanner({limits.page_rows, options_.page_bytes_target, limits.queue_pages}));
  pipeline_ = std::make_unique<PagePipeline>(*scanner_, pipeline);
  return {};
}

ScanRequest ScanSet::request(const TableRun& table, const ScanWork& work) const {
  ScanRequest request;
  request.query = table.query(work.purpose);
  request.range = work.range;
  request.paging_state = work.paging_state;
  request.page_limit = probe_page_limit(work.purpose);
  // Fewer rows after each failure of this scan: the page itself may be what the server fails at.
  // The limit holds to the scan's end, so it stays high enough to read on at a fair pace.
  const uint32_t page_rows = flow_->page_rows();
  const uint32_t halvings = std::min<uint32_t>(2 * work.failures, 31);
  request.page_rows_max = std::max(page_rows >> halvings, std::min(page_rows, kPageRowsLeast));
  if (is_size_probe(work.purpose)) {
    request.first_page_rows = std::min(kProbeRows, page_rows);
    return request;
  }
  uint32_t first_page_rows_max = request.page_rows_max;
  // A sync may be cut off soon after each checkpoint, again and again. Inside a partition only a
  // page's end can be gone on from: the first page of each scan must end before a checkpoint.
  if (table.goes_on()) {
    first_page_rows_max =
        std::min(first_page_rows_max, std::max(options_.checkpoint_interval_rows, kPageRowsLeast));
  }
  request.first_page_rows = table.first_page_rows(options_.page_bytes_target, first_page_rows_max);
  return request;
}

void ScanSet::start(TableRun& table, ScanWork work, bool only_estimate) {
  retried_last_ = false;
  const bool is_estimate =
      only_estimate || (is_size_probe(work.purpose) && !table.probe_reads_all());
  ScanRequest wanted = request(table, work);
  wanted.id = next_id_++;
  pipeline_->open(wanted.id, table.encoders(),
                  is_estimate ? PagePipeline::Use::kEstimate : PagePipeline::Use::kRows);
  scans_.emplace(wanted.id, ActiveScan{&table, std::move(work), {}, clock_.steady_ms()});
  scanner_->start(std::move(wanted));
}

bool ScanSet::retries_first() const {
  const auto failing = std::count_if(scans_.begin(), scans_.end(), [](const auto& entry) {
    return entry.second.work.failures > 0;
  });
  return !retried_last_ && failing < std::max<int64_t>(flow_->in_flight() / 2, 1);
}

bool ScanSet::start_due_retry() {
  const int64_t now_ms = clock_.steady_ms();
  const auto due = std::find_if(retries_.begin(), retries_.end(),
                                [&](const Retry& retry) { return retry.due_ms <= now_ms; });
  if (due == retries_.end()) return false;
  Retry retry = std::move(*due);
  retries_.erase(due);
  start(*retry.table, std::move(retry.work));
  retried_last_ = true;
  return true;
}

void ScanSet::retry_later(TableRun& table, ScanWork work, int64_t delay_ms) {
  retries_.push_back({clock_.steady_ms() + delay_ms, &table, std::move(work)});
}

void ScanSet::drop(const TableRun& table) {
  std::erase_if(retries_, [&](const Retry& retry) { return retry.table == &table; });
  std::erase_if(scans_, [&](const auto& entry) {
    if (entry.second.table != &table) return false;
    pipeline_->close(entry.first);
    return true;
  });
}

std::vector<TokenRange> ScanSet::failing(const TableRun& table) const {
  std::vector<TokenRange> ranges;
  for (const Retry& retry : retries_) {
    if (retry.table == &table) ranges.push_back(retry.work.range);
  }
  for (const auto& [id, scan] : scans_) {
    if (scan.table == &table && scan.work.failures > 0) ranges.push_back(scan.work.range);
  }
  return ranges;
}

std::optional<ActiveScan> ScanSet::overdue(int64_t now_ms) const {
  const auto overdue = std::find_if(scans_.begin(), scans_.end(), [&](const auto& entry) {
    const ActiveScan& scan = entry.second;
    // One that reads rows met before again gets somewhere, though its failures stay counted.
    return !scan.work.repeats_until && now_ms - scan.started_ms >= kLastAttemptMs &&
           options_.retry.is_over(scan.work.failures, now_ms - scan.work.failing_since_ms);
  });
  if (overdue == scans_.end()) return std::nullopt;
  return ActiveScan{overdue->second.table, overdue->second.work, {}, overdue->second.started_ms};
}

void ScanSet::on_page() {
  const auto before = std::pair(flow_->in_flight(), flow_->page_rows());
  flow_->on_page();
  if (std::pair(flow_->in_flight(), flow_->page_rows()) == before) return;
  log_debug("pages arrive: now {} scans at once, pages of up to {} rows", flow_->in_flight(),
            flow_->page_rows());
}

void ScanSet::on_overload() {
  flow_->on_overload(clock_.steady_ms());
  log_debug("the cluster does not keep up: now {} scans at once, pages of up to {} rows",
            flow_->in_flight(), flow_->page_rows());
}

ActiveScan* ScanSet::find(ScanId id) {
  const auto found = scans_.find(id);
  return found == scans_.end() ? nullptr : &found->second;
}

ActiveScan ScanSet::take(ScanId id) {
  pipeline_->close(id);
  auto node = scans_.extract(id);
  return std::move(node.mapped());
}

int64_t ScanSet::wait_ms() const {
  int64_t wait = kPollMs;
  if (!has_room()) return wait;  // a due retry has no room yet
  const int64_t now_ms = clock_.steady_ms();
  for (const Retry& retry : retries_) wait = std::min(wait, retry.due_ms - now_ms);
  return std::max<int64_t>(wait, 0);
}

Result<std::optional<PipelineEvent>> ScanSet::next() { return pipeline_->next(wait_ms()); }

}  // namespace ringsync
