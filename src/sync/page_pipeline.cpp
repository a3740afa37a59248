#include "sync/page_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ringsync {
namespace {

// Workers look up from the scanner this often to see whether they should stop.
constexpr int64_t kWorkerPollMs = 100;

uint32_t null_count(const PageView& page, uint16_t column) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < page.row_count(); ++row) {
    // An empty timestamp cell reads as NULL too (design: empty cells of fixed-size types).
    count += page.cell(row, column).size() == 0 ? 1 : 0;
  }
  return count;
}

// A partition that has static columns and no rows comes as one row without a clustering key, which
// no destination table can hold. Returns the clustering column that tells, where there can be any.
std::optional<uint16_t> static_row_marker(const TablePlan& plan) {
  const Table& table = plan.table;
  if (table.primary_key_count == table.partition_key_count) return std::nullopt;
  if (!plan.has_static_columns) return std::nullopt;
  return table.partition_key_count;
}

Result<EncodedRows> encode_page(TableEncoders& encoders, bool wanted, PageIndex& index, Page page) {
  const TablePlan& plan = encoders.plan();
  const Table& table = plan.table;
  EncodedRows rows;
  rows.rows_read = page.row_count;
  rows.bytes = page.buffer->rows().size();
  rows.paging_state = std::move(page.paging_state);
  rows.is_last = page.is_last;
  if (page.row_count == 0) return rows;

  const auto columns_sent = static_cast<uint16_t>(table.columns.size());
  const auto columns_read = static_cast<uint16_t>(columns_sent + (plan.unsent_cursor ? 1 : 0));
  RINGSYNC_ASSIGN(PageView view, index.index(page.buffer->rows(), page.row_count, columns_read));
  rows.last_token = encoders.token_of(view, view.row_count() - 1);
  if (!wanted) return rows;
  if (const auto marker = static_row_marker(plan)) {
    view = index.without_null_rows(view, *marker);
    rows.rows_reported = page.row_count - view.row_count();
  }
  if (plan.cursor_column) rows.null_cursor_rows = null_count(view, *plan.cursor_column);

  for (uint32_t row = kMarkRows; row <= view.row_count(); row += kMarkRows) {
    rows.marks.push_back(encoders.token_of(view, row - 1));
  }

  view = view.first_columns(columns_sent);
  RINGSYNC_ASSIGN(std::unique_ptr<PageEncoder> encoder, encoders.borrow());
  uint32_t failed_row = 0;
  auto encoded = encoder->encode(view, failed_row);
  encoders.give_back(std::move(encoder));
  if (!encoded.ok()) {
    // The token leads to the row without putting its key into a log.
    return encoded.error().within(failed_row < view.row_count()
                                      ? fmt::format("table {}, row with token {}", table.name,
                                                    encoders.token_of(view, failed_row))
                                      : fmt::format("table {}", table.name));
  }
  rows.encoded = std::move(*encoded);
  return rows;
}

}  // namespace

Token TableEncoders::token_of(const PageView& page, uint32_t row) const {
  std::vector<Bytes> key;
  key.reserve(plan_.table.partition_key_count);
  for (uint16_t column = 0; column < plan_.table.partition_key_count; ++column) {
    key.push_back(page.cell(row, column).bytes());
  }
  return source_.token(key);
}

Result<std::unique_ptr<PageEncoder>> TableEncoders::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto encoder = std::move(idle_.back());
      idle_.pop_back();
      return encoder;
    }
  }
  return sink_->encoder(plan_);
}

void TableEncoders::give_back(std::unique_ptr<PageEncoder> encoder) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(encoder));
}

PagePipeline::PagePipeline(Scanner& scanner, PipelineOptions options)
    : scanner_(scanner), options_(options) {
  for (uint32_t i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { work(); });
}

PagePipeline::~PagePipeline() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  scanner_.cancel();
  for (std::thread& thread : threads_) thread.join();
}

void PagePipeline::open(ScanId id, std::shared_ptr<TableEncoders> encoders, Use use) {
  const std::lock_guard lock(mutex_);
  open_[id] = OpenScan{std::move(encoders), use};
}

void PagePipeline::close(ScanId id) {
  const std::lock_guard lock(mutex_);
  open_.erase(id);
}

PagePipeline::Taken PagePipeline::take(int64_t timeout_ms, Ticket& ticket) {
  // Numbers are given under the same lock that orders the scanner's events.
  const std::lock_guard take_lock(take_mutex_);
  auto event = scanner_.next(timeout_ms);
  std::unique_lock lock(mutex_);
  if (!event.ok()) {
    closed_ = true;
    ready_.notify_all();
    return Taken::kClosed;
  }
  if (stopping_) return Taken::kClosed;
  if (!event->has_value()) return Taken::kNothing;
  const auto entry = open_.find((*event)->id);
  if (entry == open_.end()) return Taken::kNothing;  // of a scan closed meanwhile
  ticket.scan = entry->second;
  ticket.event = std::move(**event);
  const bool has_page = ticket.event->page.ok();
  ticket.bytes = has_page ? ticket.event->page->buffer->rows().size() : 0;
  // Every page before this one has its room already and will be given back, so this wait ends.
  room_.wait(lock, [&] {
    return stopping_ || bytes_held_ == 0 || bytes_held_ + ticket.bytes <= options_.bytes_max ||
           options_.workers == 0;
  });
  if (stopping_) return Taken::kClosed;
  bytes_held_ += ticket.bytes;
  ticket.number = next_ticket_++;
  return Taken::kEvent;
}

Result<EncodedRows> PagePipeline::encode(Ticket& ticket) {
  if (!ticket.event->page.ok()) return std::move(ticket.event->page).error();
  // One index a thread, reused from page to page whatever the table.
  thread_local PageIndex index;
  return encode_page(*ticket.scan.encoders, ticket.scan.use == Use::kRows, index,
                     std::move(*ticket.event->page));
}

void PagePipeline::work() {
  for (;;) {
    Ticket ticket;
    const Taken taken = take(kWorkerPollMs, ticket);
    if (taken == Taken::kClosed) return;
    if (taken == Taken::kNothing) continue;
    put(ticket, encode(ticket));
  }
}

void PagePipeline::put(const Ticket& ticket, Result<EncodedRows> rows) {
  const std::lock_guard lock(mutex_);
  finished_.emplace(ticket.number,
                    Finished{PipelineEvent{ticket.event->id, std::move(rows)}, ticket.bytes});
  if (ticket.number == next_given_) ready_.notify_one();
}

Result<std::optional<PipelineEvent>> PagePipeline::next(int64_t timeout_ms) {
  if (options_.workers == 0) {
    Ticket ticket;
    const Taken taken = take(timeout_ms, ticket);
    if (taken == Taken::kNothing) return std::optional<PipelineEvent>();
    if (taken == Taken::kEvent) put(ticket, encode(ticket));
  }
  std::unique_lock lock(mutex_);
  const auto has_next = [&] {
    return !finished_.empty() && finished_.begin()->first == next_given_;
  };
  // A closed scanner still leaves the pages that were taken before.
  const auto drained = [&] { return closed_ && next_given_ == next_ticket_; };
  ready_.wait_for(lock, std::chrono::milliseconds(options_.workers == 0 ? 0 : timeout_ms),
                  [&] { return has_next() || drained(); });
  if (has_next()) {
    auto node = finished_.extract(finished_.begin());
    ++next_given_;
    bytes_held_ -= node.mapped().bytes;
    room_.notify_all();
    return std::optional<PipelineEvent>(std::move(node.mapped().event));
  }
  if (drained()) return Error{ErrorCode::kCancelled, "the scan was cancelled"};
  return std::optional<PipelineEvent>();
}

}  // namespace ringsync
