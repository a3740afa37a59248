#include "scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cql/page_view.h"
#include "fake_database.h"

namespace ringsync::simulation {
namespace {

// A sync of these sizes asks a few hundred times; one that asks so often does not end.
constexpr uint64_t kCallsMax = 60'000;
constexpr int64_t kPageMsMax = 20;
constexpr int64_t kLastAttemptMs = 10'000;  // as the engine has it

Page copy_of(const Page& page) {
  Page copy;
  copy.buffer = std::make_unique<OwnedBuffer>(page.buffer->rows());
  copy.row_count = page.row_count;
  copy.paging_state = page.paging_state;
  copy.is_last = page.is_last;
  return copy;
}

// Of a page that is not empty.
Token last_token(const Table& table, const Page& page) {
  PageIndex index;
  const auto view =
      index.index(page.buffer->rows(), page.row_count, static_cast<uint16_t>(table.columns.size()));
  // Not by the row's id: a table made anew under the scan may have other partitions.
  const CellView partition = view->cell(view->row_count() - 1, 0);
  return testing::token_of_id(static_cast<int64_t>(load_be64(partition.data())));
}

}  // namespace

SimScanner::SimScanner(Stage& stage, std::unique_ptr<Scanner> inner)
    : stage_(stage), inner_(std::move(inner)) {}

void SimScanner::check_limits(const ScanRequest& request) {
  const SyncOptions& options = stage_.scenario.options;
  const uint32_t rows = std::max(request.page_rows_max, request.first_page_rows);
  if (rows > options.page_rows_max) {
    stage_.checker.fail(invariant::kWithinLimits, fmt::format("a page of {} rows asked for", rows));
  }
  const auto kept = std::count_if(scans_.begin(), scans_.end(), [&](const auto& entry) {
    return !dropped_.contains(entry.first) && !may_be_dropped(entry.second);
  });
  if (kept <= static_cast<int64_t>(options.in_flight_max)) return;
  stage_.checker.fail(invariant::kWithinLimits, fmt::format("{} scans at once", kept));
}

// The port ends all scans or none: those of a table that has failed, or that is not read by its
// index any more, run on here while the engine starts others in their places. It tells nobody, so
// that the limit is held to the scans that it cannot have dropped.
bool SimScanner::may_be_dropped(const Scan& scan) const {
  const std::string& table = scan.request.query->table.name;
  if (stage_.failing.contains(table)) return true;
  if (!stage_.have_failed.contains(table)) return false;
  // One that waits for its answer so long may have been its table's last attempt.
  return std::any_of(scans_.begin(), scans_.end(), [&](const auto& entry) {
    return entry.second.request.query->table.name == table &&
           stage_.clock.true_ms() - entry.second.started_ms >= kLastAttemptMs;
  });
}

void SimScanner::note_failure(const ScanRequest& request) {
  if (!dropped_.contains(request.id)) stage_.note_failure(request.query->table.name);
}

// A table of which a scan is started has not failed; one that is read another way has left those
// before.
void SimScanner::note_start(const ScanRequest& request) {
  const ScanQuery& query = *request.query;
  stage_.failing.erase(query.table.name);
  for (const auto& [id, scan] : scans_) {
    const ScanQuery& other = *scan.request.query;
    if (other.table.name == query.table.name && other.by_index != query.by_index) {
      dropped_.insert(id);
    }
  }
}

void SimScanner::start(ScanRequest request) {
  // What lies before a paging state was read before it was given.
  note_start(request);
  scans_[request.id] = Scan{request, stage_.clock.true_ms(), request.range.start};
  stage_.count("scans");
  check_limits(request);
  inner_->start(std::move(request));
}

Result<std::optional<ScanEvent>> SimScanner::next(int64_t timeout_ms) {
  if (++calls_ > kCallsMax) {
    stage_.checker.fail(invariant::kItEnds, fmt::format("{} looks for a page", calls_));
  }
  if (stage_.checker.violation()) return Error{ErrorCode::kCancelled, "violated"};
  stage_.clock.sleep_ms(stage_.random.between(1, kPageMsMax));
  stage_.world.settle();
  if (!echoes_.empty() && stage_.random.chance(0.3)) {
    ScanEvent echo = std::move(echoes_.back());
    echoes_.pop_back();
    stage_.count("pages that came once more");
    return std::optional<ScanEvent>(std::move(echo));
  }
  RINGSYNC_ASSIGN(auto event, inner_->next(0));
  if (!event) {
    stage_.clock.sleep_ms(timeout_ms);
    return std::optional<ScanEvent>();
  }
  note(*event);
  return event;
}

void SimScanner::note(const ScanEvent& event) {
  Scan& scan = scans_.at(event.id);
  const bool is_oldest = std::none_of(scans_.begin(), scans_.end(),
                                      [&](const auto& entry) { return entry.first < event.id; });
  if (!is_oldest) stage_.count("pages that came before those of earlier scans");
  if (!event.page.ok()) {
    note_failure(scan.request);
    scans_.erase(event.id);
    return;
  }
  note_page(scan, *event.page);
  keep_echo(scan, event);
  const bool is_at_limit = ++scan.pages == scan.request.page_limit;
  if (event.page->is_last || is_at_limit) scans_.erase(event.id);
}

void SimScanner::note_page(Scan& scan, const Page& page) {
  stage_.count("pages");
  if (page.row_count == 0 && !page.is_last) stage_.count("pages that were empty and not the last");
  const bool is_probe = scan.request.page_limit != 0;
  const Token from = is_probe ? scan.request.range.start : scan.reached;
  if (page.is_last) {
    scan.reached = scan.request.range.end;
  } else if (page.row_count > 0) {
    scan.reached = last_token(scan.request.query->table, page);
  }
  const ScanQuery& query = *scan.request.query;
  // Pages of a probe that does not come to the end are not delivered, but for a window's.
  if (from >= scan.reached || (is_probe && !page.is_last && !query.by_index)) return;
  stage_.read[query.table.name].push_back(
      {{from, scan.reached}, query.cursor_after_ms, query.cursor_until_ms});
}

void SimScanner::keep_echo(const Scan& scan, const ScanEvent& event) {
  if (!stage_.random.chance(stage_.faults.echo_rate)) return;
  // A probe counts its pages; what comes twice would have it end early.
  if (scan.request.page_limit != 0) return;
  // Nothing in an empty page tells that it is an old one: a resume would go on from its position.
  if (event.page->row_count == 0) return;
  echoes_.push_back({event.id, copy_of(*event.page)});
}

}  // namespace ringsync::simulation
