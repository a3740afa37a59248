#include "replay_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "cql/page_view.h"
#include "page_builder.h"

namespace ringsync::bench {
namespace {

constexpr uint32_t kRingTokens = 256;  // as a node of Cassandra 3 has them

Token token_of(const std::vector<Bytes>& cells) {
  uint64_t hash = 0xCBF2'9CE4'8422'2325U;  // FNV-1a, then a mix that spreads it over all bits
  for (const Bytes& cell : cells) {
    for (const uint8_t byte : cell) hash = (hash ^ byte) * 0x0000'0100'0000'01B3U;
    hash = (hash ^ 0xFFU) * 0x0000'0100'0000'01B3U;
  }
  hash = (hash ^ (hash >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  hash = (hash ^ (hash >> 27)) * 0x94D0'49BB'1331'11EBU;
  const auto token = static_cast<Token>(hash ^ (hash >> 31));
  return token == kTokenMin ? kTokenMax : token;
}

/// Part of the recorded bytes, or bytes of the page's own.
class RowsBuffer final : public PageBuffer {
 public:
  explicit RowsBuffer(Bytes part) : rows_(part) {}
  explicit RowsBuffer(std::vector<uint8_t> own) : own_(std::move(own)), rows_(own_) {}
  Bytes rows() const override { return rows_; }

 private:
  const std::vector<uint8_t> own_;
  const Bytes rows_;
};

struct RunningScan {
  ScanRequest request;
  size_t next = 0;  // index of a row
  size_t end = 0;
  uint32_t pages = 0;
};

class ReplayScanner final : public Scanner {
 public:
  ReplayScanner(const RecordedTable& recorded, const ScannerOptions& options)
      : recorded_(recorded), options_(options) {}

  void start(ScanRequest request) override {
    const auto& rows = recorded_.rows();
    const auto past = [&](Token token) {
      const auto found =
          std::upper_bound(rows.begin(), rows.end(), token,
                           [](Token bound, const RecordedRow& row) { return bound < row.token; });
      return static_cast<size_t>(found - rows.begin());
    };
    RunningScan scan{std::move(request), 0, 0, 0};
    const auto& state = scan.request.paging_state;
    scan.next = state.empty() ? past(scan.request.range.start)
                              : static_cast<size_t>(load_be64(state.data()));
    scan.end = past(scan.request.range.end);
    const std::lock_guard lock(mutex_);
    running_.push_back(std::move(scan));
    changed_.notify_one();
  }

  Result<std::optional<ScanEvent>> next(int64_t timeout_ms) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                      [&] { return is_cancelled_ || !running_.empty(); });
    if (is_cancelled_) return Error{ErrorCode::kCancelled, "cancelled"};
    if (running_.empty()) return std::optional<ScanEvent>();
    // Scans take turns, as those of a cluster would.
    RunningScan scan = std::move(running_.front());
    running_.pop_front();
    ScanEvent event{scan.request.id, next_page(scan)};
    const bool is_at_limit = ++scan.pages == scan.request.page_limit;
    if (!event.page->is_last && !is_at_limit) running_.push_back(std::move(scan));
    return std::optional<ScanEvent>(std::move(event));
  }

  void cancel() override {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    changed_.notify_all();
  }

 private:
  size_t page_rows(const RunningScan& scan) const {
    const ScanRequest& request = scan.request;
    const size_t most = request.page_rows_max > 0 ? request.page_rows_max : options_.page_rows_max;
    if (scan.pages == 0) return std::clamp<size_t>(request.first_page_rows, 1, most);
    const auto& rows = recorded_.rows();
    const size_t row_bytes =
        std::max<size_t>((rows.back().end - rows.front().start) / rows.size(), 1);
    return std::clamp<size_t>(options_.page_bytes_target / row_bytes, 1, most);
  }

  Page next_page(RunningScan& scan) const {
    const size_t most = page_rows(scan);
    Page page;
    if (scan.request.query->cursor_after_ms) {
      page = filtered_page(scan, most);
    } else {
      const auto& rows = recorded_.rows();
      const size_t end = std::min(scan.end, scan.next + most);
      const bool is_empty = scan.next >= end;
      page.buffer = std::make_unique<RowsBuffer>(
          is_empty ? Bytes() : recorded_.bytes(rows[scan.next].start, rows[end - 1].end));
      page.row_count = is_empty ? 0 : static_cast<uint32_t>(end - scan.next);
      scan.next = end;
    }
    page.is_last = scan.next >= scan.end;
    if (!page.is_last) {
      const std::string state = wire(uint64_t{scan.next});
      page.paging_state.assign(state.begin(), state.end());
    }
    return page;
  }

  Page filtered_page(RunningScan& scan, size_t most) const {
    const ScanQuery& query = *scan.request.query;
    std::vector<uint8_t> found;
    Page page;
    for (; scan.next < scan.end && page.row_count < most; ++scan.next) {
      const RecordedRow& row = recorded_.rows()[scan.next];
      const auto cursor_ms = recorded_.cursor_ms(row);
      if (!cursor_ms || *cursor_ms <= *query.cursor_after_ms) continue;
      if (query.cursor_until_ms && *cursor_ms > *query.cursor_until_ms) continue;
      const Bytes bytes = recorded_.bytes(row.start, row.end);
      found.insert(found.end(), bytes.begin(), bytes.end());
      ++page.row_count;
    }
    page.buffer = std::make_unique<RowsBuffer>(std::move(found));
    return page;
  }

  const RecordedTable& recorded_;
  const ScannerOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<RunningScan> running_;
  bool is_cancelled_ = false;
};

}  // namespace

RecordedTable::RecordedTable(Table table, const std::string& cursor_column)
    : table_(std::move(table)), cursor_column_(table_.find_column(cursor_column)) {}

Status RecordedTable::add(Bytes rows, uint32_t row_count) {
  PageIndex index;
  RINGSYNC_ASSIGN(const PageView page,
                  index.index(rows, row_count, static_cast<uint16_t>(table_.columns.size())));
  uint64_t at = bytes_.size();
  bytes_.insert(bytes_.end(), rows.begin(), rows.end());
  std::vector<Bytes> key(table_.partition_key_count);
  for (uint32_t row = 0; row < row_count; ++row) {
    for (uint16_t i = 0; i < key.size(); ++i) key[i] = page.cell(row, i).bytes();
    RecordedRow recorded{token_of(key), at, 0, 0};
    for (uint16_t i = 0; i < page.column_count(); ++i) {
      const CellView cell = page.cell(row, i);
      at += sizeof(int32_t);
      if (i == cursor_column_ && cell.size() == sizeof(int64_t)) recorded.cursor_at = at;
      at += cell.size();
    }
    recorded.end = at;
    rows_.push_back(recorded);
  }
  return {};
}

void RecordedTable::sort() {
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const auto& a, const auto& b) { return a.token < b.token; });
  std::vector<uint8_t> sorted;
  sorted.reserve(bytes_.size());
  for (RecordedRow& row : rows_) {
    const uint64_t start = sorted.size();
    sorted.insert(sorted.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(row.start),
                  bytes_.begin() + static_cast<std::ptrdiff_t>(row.end));
    if (row.cursor_at != 0) row.cursor_at += start - row.start;
    row.start = start;
    row.end = sorted.size();
  }
  bytes_ = std::move(sorted);
}

std::optional<int64_t> RecordedTable::cursor_ms(const RecordedRow& row) const {
  if (row.cursor_at == 0) return std::nullopt;
  return static_cast<int64_t>(load_be64(&bytes_[row.cursor_at]));
}

uint64_t RecordedTable::touch(double share, int64_t cursor_ms) {
  const std::string cell = wire(cursor_ms);
  uint64_t touched = 0;
  double due = 0;
  for (const RecordedRow& row : rows_) {
    due += share;
    if (due < 1 || row.cursor_at == 0) continue;
    due -= 1;
    std::ranges::copy(cell, &bytes_[row.cursor_at]);
    ++touched;
  }
  return touched;
}

Result<SourceIdentity> ReplaySource::identity() {
  return SourceIdentity{"replay", recorded_.table().keyspace, "replay"};
}

Result<Keyspace> ReplaySource::keyspace() {
  return Keyspace{recorded_.table().keyspace, {recorded_.table()}};
}

Result<Ring> ReplaySource::ring() {
  Ring ring;
  for (uint64_t i = 1; i <= kRingTokens; ++i) {
    ring.tokens.push_back(
        static_cast<Token>(static_cast<uint64_t>(kTokenMin) + i * (~uint64_t{0} / kRingTokens)));
  }
  return ring;
}

Result<int64_t> ReplaySource::server_time_ms() { return SystemClock().wall_us() / 1000; }

Result<std::unique_ptr<Scanner>> ReplaySource::scanner(const ScannerOptions& options) {
  return std::unique_ptr<Scanner>(std::make_unique<ReplayScanner>(recorded_, options));
}

std::string ReplaySource::statement(const ScanQuery& query) const {
  return fmt::format("replay {} past {} to {}", query.table.name, query.cursor_after_ms.value_or(0),
                     query.cursor_until_ms.value_or(0));
}

Token ReplaySource::token(const std::vector<Bytes>& partition_key) const {
  return token_of(partition_key);
}

}  // namespace ringsync::bench
