#include "fake_database.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <mutex>
#include <utility>

#include "base/bytes.h"

namespace ringsync::testing {
namespace {

// Token, id, and what the state is good for.
constexpr size_t kPurposeAt = 16;
constexpr size_t kPagingStateBytes = 24;

void append_be(std::vector<uint8_t>& out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<uint8_t>(value >> shift));
  }
}

void append_bigint(std::vector<uint8_t>& out, std::optional<int64_t> value) {
  append_be(out, value ? 8U : 0xffffffffU, 4);
  if (value) append_be(out, static_cast<uint64_t>(*value), 8);
}

Table schema_of(const std::string& name, const FakeTable& fake) {
  Table table{"fake", name, fake.id, {}, 1, 1};
  const auto type = [](TypeKind kind) { return CqlType{kind, {}, "", {}, 0}; };
  if (fake.partition_rows > 1) {
    table.columns.push_back({"part", type(TypeKind::kBigint), ColumnKind::kPartitionKey});
    table.primary_key_count = 2;
  }
  table.columns.push_back(
      {"id", type(TypeKind::kBigint),
       fake.partition_rows > 1 ? ColumnKind::kClustering : ColumnKind::kPartitionKey});
  if (fake.has_extra) {
    table.columns.push_back({"extra", type(TypeKind::kBigint), ColumnKind::kRegular});
  }
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

int64_t FakeTable::partition_of(int64_t row) const {
  const int64_t part = row / partition_rows;
  return row % partition_rows < 0 ? part - 1 : part;
}

Token token_of_id(int64_t id) {
  if (id == kPartitionAtRingStart) return kTokenMin + 1;
  if (id == kPartitionAtRingEnd) return kTokenMax;
  auto x = static_cast<uint64_t>(id) + 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  const auto token = static_cast<Token>(x ^ (x >> 31));
  return token == kTokenMin ? kTokenMax : token;
}

/// Where a scan stands: behind this row, in the order of tokens and ids.
struct Bookmark {
  Token token = kTokenMin;
  int64_t id = std::numeric_limits<int64_t>::max();

  auto operator<=>(const Bookmark&) const = default;
};

namespace {

std::optional<int64_t> cell_of(const std::string& column, const FakeTable& table, int64_t id) {
  const FakeRow& row = table.rows.at(id);
  if (column == "id") return id;
  if (column == "part") return table.partition_of(id);
  return column == "updated_at" ? row.updated_at_ms : std::optional(row.value);
}

bool is_asked_for(const ScanQuery& query, const FakeRow& row) {
  if (query.cursor_after_ms &&
      (!row.updated_at_ms || *row.updated_at_ms <= *query.cursor_after_ms)) {
    return false;
  }
  return !query.cursor_until_ms ||
         (row.updated_at_ms && *row.updated_at_ms <= *query.cursor_until_ms);
}

}  // namespace

class FakeScanner final : public Scanner {
 public:
  FakeScanner(FakeSource& source, const ScannerOptions& options)
      : source_(source), options_(options), random_(source.options_.seed) {}

  void start(ScanRequest request) override {
    const std::lock_guard lock(mutex_);
    source_.requests_.push_back(request);
    running_.push_back({std::move(request), std::nullopt, 0});
    source_.scans_at_once_.push_back(running_.size());
  }

  Result<std::optional<ScanEvent>> next(int64_t) override {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return Error{ErrorCode::kCancelled, "cancelled"};
    if (running_.empty()) return std::optional<ScanEvent>();
    const size_t pick = random_() % running_.size();
    Running& scan = running_[pick];
    if (source_.options_.hangs && source_.options_.hangs(scan.request)) {
      source_.clock_.sleep_ms(50);
      return std::optional<ScanEvent>();
    }
    const ScanId id = scan.request.id;
    if (auto error = failure_of(scan)) {
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
    std::optional<Bookmark> behind;
    uint32_t pages = 0;
  };

  std::optional<Error> failure_of(Running& scan) const {
    const ScanRequest& request = scan.request;
    const auto table = source_.tables_.find(request.query->table.name);
    if (table == source_.tables_.end()) return Error{ErrorCode::kInvalidQuery, "unknown table"};
    if (request.query->by_index && !(table->second.is_indexed && table->second.serves_index)) {
      return Error{ErrorCode::kInvalidQuery, "this would need filtering"};
    }
    const Table schema = schema_of(request.query->table.name, table->second);
    if (schema.columns[0].name != request.query->table.columns[0].name) {
      return Error{ErrorCode::kInvalidQuery, "the token of another partition key"};
    }
    for (const Column& column : request.query->table.columns) {
      if (schema.find_column(column.name) < 0) {
        return Error{ErrorCode::kInvalidQuery, "unknown column " + column.name};
      }
    }
    if (source_.options_.fault) {
      if (auto error = source_.options_.fault(request)) return error;
    }
    return scan.behind ? std::nullopt : begin(scan);
  }

  std::optional<Error> begin(Running& scan) const {
    const std::vector<uint8_t>& state = scan.request.paging_state;
    scan.behind = Bookmark{scan.request.range.start};
    if (state.empty()) return std::nullopt;
    if (state.size() != kPagingStateBytes)
      return Error{ErrorCode::kBadPagingState, "no paging state"};
    scan.behind = Bookmark{static_cast<Token>(load_be64(state.data())),
                           static_cast<int64_t>(load_be64(state.data() + 8))};
    if (load_be64(state.data() + kPurposeAt) ==
        source_.purpose_of(scan.request, source_.options_.server_version)) {
      return std::nullopt;
    }
    if (!source_.would_misread(scan.request)) {
      return Error{ErrorCode::kBadPagingState, "a paging state of another read"};
    }
    // Read as something that it is not, it leads somewhere else.
    scan.behind->token = static_cast<Token>((static_cast<uint64_t>(scan.behind->token) +
                                             static_cast<uint64_t>(scan.request.range.end)) /
                                            2);
    return std::nullopt;
  }

  /// An index leads to the rows asked for and to no others.
  bool filters_late(const Running& scan) const {
    return source_.options_.filters_late && !scan.request.query->by_index;
  }

  std::vector<Bookmark> rows_left(const Running& scan, const FakeTable& table) const {
    std::vector<Bookmark> left;
    for (const auto& [id, row] : table.rows) {
      const Bookmark at{token_of_id(table.partition_of(id)), id};
      if (at <= *scan.behind || at.token > scan.request.range.end) continue;
      if (filters_late(scan) || is_asked_for(*scan.request.query, row)) left.push_back(at);
    }
    std::sort(left.begin(), left.end());
    return left;
  }

  Page next_page(Running& scan) {
    const ScanQuery& query = *scan.request.query;
    const FakeTable& table = source_.tables_.at(query.table.name);
    const std::vector<Bookmark> left = rows_left(scan, table);
    const uint32_t most = scan.request.page_rows_max == 0
                              ? options_.page_rows_max
                              : std::min(options_.page_rows_max, scan.request.page_rows_max);
    const uint32_t limit = scan.pages == 0 ? std::min(scan.request.first_page_rows, most) : most;
    Page page;
    std::vector<uint8_t> bytes;
    const size_t passed = std::min<size_t>(limit, left.size());
    for (size_t i = 0; i < passed; ++i) {
      scan.behind = left[i];
      if (!is_asked_for(query, table.rows.at(scan.behind->id))) continue;
      ++page.row_count;
      for (const Column& column : query.table.columns) {
        append_bigint(bytes, cell_of(column.name, table, scan.behind->id));
      }
    }
    source_.rows_read_ += page.row_count;
    page.is_last = passed == left.size() && (passed == 0 || !filters_late(scan));
    if (!page.is_last) {
      append_be(page.paging_state, static_cast<uint64_t>(scan.behind->token), 8);
      append_be(page.paging_state, static_cast<uint64_t>(scan.behind->id), 8);
      append_be(page.paging_state,
                source_.purpose_of(scan.request, source_.options_.server_version), 8);
    }
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

void FakeSource::change_cluster(const std::vector<Token>& ring_tokens,
                                const std::string& server_version) {
  options_.ring_tokens = ring_tokens;
  if (server_version == options_.server_version) return;
  earlier_versions_.push_back(std::exchange(options_.server_version, server_version));
}

uint64_t FakeSource::purpose_of(const ScanRequest& request,
                                const std::string& server_version) const {
  const std::string purpose =
      fmt::format("{} {} {} {} {}", statement(*request.query), request.query->table.id,
                  server_version, request.range.start, request.range.end);
  return std::hash<std::string>()(purpose);
}

bool FakeSource::would_misread(const ScanRequest& request) const {
  const std::vector<uint8_t>& state = request.paging_state;
  if (!options_.takes_foreign_paging_states || state.size() != kPagingStateBytes) return false;
  const uint64_t purpose = load_be64(state.data() + kPurposeAt);
  const auto is_of = [&](const std::string& version) {
    return purpose == purpose_of(request, version);
  };
  return !is_of(options_.server_version) &&
         std::none_of(earlier_versions_.begin(), earlier_versions_.end(), is_of);
}

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

}  // namespace ringsync::testing
