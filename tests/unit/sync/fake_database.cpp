#include "fake_database.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace ringsync::testing {
namespace {

void append_be(std::vector<uint8_t>& out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<uint8_t>(value >> shift));
  }
}

void append_bigint(std::vector<uint8_t>& out, std::optional<int64_t> value) {
  append_be(out, value ? 8U : 0xffffffffU, 4);
  if (value) append_be(out, static_cast<uint64_t>(*value), 8);
}

int64_t bigint_of(CellView cell) { return static_cast<int64_t>(load_be64(cell.data())); }

Table schema_of(const std::string& name, const FakeTable& fake) {
  Table table{"fake", name, fake.id, {}, 1, 1};
  const auto type = [](TypeKind kind) { return CqlType{kind, {}, "", {}, 0}; };
  table.columns.push_back({"id", type(TypeKind::kBigint), ColumnKind::kPartitionKey});
  if (fake.has_cursor) {
    table.columns.push_back({"updated_at", type(TypeKind::kTimestamp), ColumnKind::kRegular});
  }
  if (fake.is_indexed) table.indexes.push_back({"by_time", "updated_at", IndexKind::kSai});
  table.is_view = fake.is_view;
  table.columns.push_back({"value", type(TypeKind::kBigint), ColumnKind::kRegular});
  return table;
}

class VectorBuffer final : public PageBuffer {
 public:
  explicit VectorBuffer(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}
  Bytes rows() const override { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace

Token token_of_id(int64_t id) {
  auto x = static_cast<uint64_t>(id) + 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  const auto token = static_cast<Token>(x ^ (x >> 31));
  return token == kTokenMin ? kTokenMax : token;
}

class FakeScanner final : public Scanner {
 public:
  FakeScanner(FakeSource& source, const ScannerOptions& options)
      : source_(source), options_(options), random_(source.options_.seed) {}

  void start(ScanRequest request) override {
    const std::lock_guard lock(mutex_);
    source_.requests_.push_back(request);
    Running scan{std::move(request), {}, 0};
    scan.bookmark = scan.request.paging_state;
    running_.push_back(std::move(scan));
    source_.scans_at_once_max_ = std::max(source_.scans_at_once_max_, running_.size());
  }

  Result<std::optional<ScanEvent>> next(int64_t) override {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return Error{ErrorCode::kCancelled, "cancelled"};
    if (running_.empty()) return std::optional<ScanEvent>();
    const size_t pick = random_() % running_.size();
    Running& scan = running_[pick];
    const ScanId id = scan.request.id;
    if (auto error = failure_of(scan.request)) {
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(pick));
      return std::optional<ScanEvent>(ScanEvent{id, std::move(*error)});
    }
    Page page = next_page(scan);
    const bool ended = page.is_last || ++scan.pages == scan.request.page_limit;
    if (ended) running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(pick));
    if (source_.options_.after_page) source_.options_.after_page();
    return std::optional<ScanEvent>(ScanEvent{id, std::move(page)});
  }

  void cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }

 private:
  struct Running {
    ScanRequest request;
    std::vector<uint8_t> bookmark;  // the last token given, 8 bytes; tokens are unique here
    uint32_t pages = 0;
  };

  std::optional<Error> failure_of(const ScanRequest& request) const {
    const FakeTable& table = source_.tables_.at(request.query->table.name);
    if (request.query->by_index && !(table.is_indexed && table.serves_index)) {
      return Error{ErrorCode::kInvalidQuery, "this would need filtering"};
    }
    return source_.options_.fault ? source_.options_.fault(request) : std::nullopt;
  }

  Page next_page(Running& scan) {
    const ScanQuery& query = *scan.request.query;
    const FakeTable& table = source_.tables_.at(query.table.name);
    Token after = scan.request.range.start;
    if (!scan.bookmark.empty()) after = static_cast<Token>(load_be64(scan.bookmark.data()));
    std::map<Token, int64_t> ids;
    for (const auto& [id, row] : table.rows) {
      const Token token = token_of_id(id);
      if (token <= after || token > scan.request.range.end) continue;
      if (query.cursor_after_ms &&
          (!row.updated_at_ms || *row.updated_at_ms <= *query.cursor_after_ms)) {
        continue;
      }
      if (query.cursor_until_ms && *row.updated_at_ms > *query.cursor_until_ms) continue;
      ids.emplace(token, id);
    }
    const uint32_t most = scan.request.page_rows_max == 0
                              ? options_.page_rows_max
                              : std::min(options_.page_rows_max, scan.request.page_rows_max);
    const uint32_t limit = scan.pages == 0 ? std::min(scan.request.first_page_rows, most) : most;
    Page page;
    std::vector<uint8_t> bytes;
    for (const auto& [token, id] : ids) {
      if (page.row_count == limit) break;
      const FakeRow& row = table.rows.at(id);
      for (const Column& column : query.table.columns) {
        append_bigint(bytes, column.name == "id"      ? id
                             : column.name == "value" ? row.value
                                                      : row.updated_at_ms);
      }
      ++page.row_count;
      after = token;
    }
    source_.rows_read_ += page.row_count;
    page.is_last = page.row_count == ids.size();
    scan.bookmark.clear();
    append_be(scan.bookmark, static_cast<uint64_t>(after), 8);
    if (!page.is_last) page.paging_state = scan.bookmark;
    page.buffer = std::make_unique<VectorBuffer>(std::move(bytes));
    return page;
  }

  FakeSource& source_;
  const ScannerOptions options_;
  std::mt19937_64 random_;
  std::mutex mutex_;
  std::vector<Running> running_;
  bool cancelled_ = false;
};

FakeSource::FakeSource(const FakeTables& tables, const Clock& clock, FakeSourceOptions options)
    : tables_(tables), clock_(clock), options_(std::move(options)) {}

Result<SourceIdentity> FakeSource::identity() {
  return SourceIdentity{"fake cluster", "fake", options_.server_version};
}

Result<Keyspace> FakeSource::keyspace() {
  Keyspace keyspace{"fake", {}, options_.offers_sai};
  for (const auto& [name, table] : tables_) keyspace.tables.push_back(schema_of(name, table));
  return keyspace;
}

Result<Ring> FakeSource::ring() { return Ring{options_.ring_tokens, 1, 1}; }

Result<int64_t> FakeSource::server_time_ms() { return clock_.wall_us() / 1000; }

Result<std::unique_ptr<Scanner>> FakeSource::scanner(const ScannerOptions& options) {
  return std::unique_ptr<Scanner>(std::make_unique<FakeScanner>(*this, options));
}

Token FakeSource::token(const std::vector<Bytes>& partition_key) const {
  return token_of_id(static_cast<int64_t>(load_be64(partition_key.at(0).data())));
}

std::string FakeSource::statement(const ScanQuery& query) const {
  return fmt::format("scan {}{}{}{}", query.table.name, query.cursor_after_ms ? " after ?" : "",
                     query.cursor_until_ms ? " until ?" : "", query.by_index ? " by index" : "");
}

namespace {

struct FakePage final : EncodedPage {
  std::vector<std::pair<int64_t, FakeRow>> rows;
  size_t byte_size() const override { return rows.size() * sizeof rows[0]; }
};

class FakeEncoder final : public PageEncoder {
 public:
  explicit FakeEncoder(const Table& table)
      : columns_(static_cast<int>(table.columns.size())),
        value_(table.find_column("value")),
        cursor_(table.find_column("updated_at")) {}

  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t&) override {
    if (page.column_count() != columns_) return Error{ErrorCode::kInternal, "other columns"};
    auto encoded = std::make_unique<FakePage>();
    for (uint32_t row = 0; row < page.row_count(); ++row) {
      encoded->rows.emplace_back(
          *value_of(page, row, 0),
          FakeRow{value_of(page, row, value_).value_or(kNotSent), value_of(page, row, cursor_)});
    }
    return std::unique_ptr<EncodedPage>(std::move(encoded));
  }

 private:
  static std::optional<int64_t> value_of(const PageView& page, uint32_t row, int column) {
    if (column < 0) return std::nullopt;
    const CellView cell = page.cell(row, static_cast<uint16_t>(column));
    return cell.is_null() ? std::nullopt : std::optional(bigint_of(cell));
  }

  const int columns_;
  const int value_;  // negative: left out
  const int cursor_;
};

}  // namespace

FakeSink::FakeSink(FakeDestination& destination, const Clock& clock, FakeSinkOptions options)
    : destination_(destination),
      pending_(destination),
      clock_(clock),
      options_(std::move(options)) {}

Status FakeSink::count_call() {
  if (++calls_ == options_.crash_after_calls) return Error{ErrorCode::kDestination, "crash"};
  return {};
}

Result<std::optional<StoredState>> FakeSink::load_state() { return destination_.state; }

Result<TableOpening> FakeSink::open_table(const TablePlan& plan) {
  if (plan.table.name == options_.refused_table) {
    return Error{ErrorCode::kUnsupportedType, "refused"};
  }
  return TableOpening{pending_.tables.try_emplace(plan.table.name).second};
}

Result<std::unique_ptr<PageEncoder>> FakeSink::encoder(const TablePlan& plan) {
  return std::unique_ptr<PageEncoder>(std::make_unique<FakeEncoder>(plan.table));
}

Status FakeSink::deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                         RowSlice slice) {
  RINGSYNC_TRY(count_call());
  const auto& rows = dynamic_cast<const FakePage&>(*page).rows;
  auto& table = pending_.tables[plan.table.name];
  const int64_t synced_us = std::max(clock_.wall_us(), plan.run_started_us);
  for (uint32_t i = slice.first_row; i < slice.first_row + slice.row_count; ++i) {
    table[rows.at(i).first] = {rows.at(i).second, synced_us, false};
  }
  delivered_rows_ += slice.row_count;
  rows_since_commit_ += slice.row_count;
  between_ += slice.row_count;
  between_max_ = std::max(between_max_, between_);
  return {};
}

Status FakeSink::finish_table(const TablePlan& plan) {
  RINGSYNC_TRY(count_call());
  if (!plan.sweeps()) return {};
  for (auto& [id, row] : pending_.tables[plan.table.name]) {
    if (row.deleted || row.synced_us >= plan.run_started_us) continue;
    row.deleted = true;
    ++rows_deleted_[plan.table.name];
  }
  return {};
}

std::optional<uint64_t> FakeSink::rows_deleted(const std::string& table) const {
  const auto found = rows_deleted_.find(table);
  return found == rows_deleted_.end() ? 0 : found->second;
}

Result<bool> FakeSink::checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) {
  RINGSYNC_TRY(count_call());
  between_ = 0;
  if (urgency == CheckpointUrgency::kRoutine && rows_since_commit_ < options_.commit_rows) {
    return false;
  }
  rows_since_commit_ = 0;
  pending_.state = StoredState{checkpoint.sequence, checkpoint.json()};
  destination_ = pending_;
  return true;
}

}  // namespace ringsync::testing
