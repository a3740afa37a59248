#include "source/scylla/scylla_source.h"

#include <fmt/format.h>

#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "cql/type_option.h"
#include "ringsync_bridge/src/lib.rs.h"
#include "source/scylla/index_text.h"
#include "source/scylla/partition_key.h"
#include "source/scylla/scan_cql.h"

namespace ringsync {
namespace {

ErrorCode error_code(bridge::Code code) {
  switch (code) {
    case bridge::Code::Config: return ErrorCode::kConfig;
    case bridge::Code::Connect: return ErrorCode::kConnect;
    case bridge::Code::Auth: return ErrorCode::kAuth;
    case bridge::Code::Unauthorized: return ErrorCode::kUnauthorized;
    case bridge::Code::Tls: return ErrorCode::kTls;
    case bridge::Code::Unavailable: return ErrorCode::kUnavailable;
    case bridge::Code::ReadFailure: return ErrorCode::kReadFailure;
    case bridge::Code::Overloaded: return ErrorCode::kOverloaded;
    case bridge::Code::ServerTimeout:
    case bridge::Code::ClientTimeout: return ErrorCode::kTimeout;
    case bridge::Code::InvalidQuery: return ErrorCode::kInvalidQuery;
    case bridge::Code::Schema: return ErrorCode::kSchema;
    case bridge::Code::SchemaChanged: return ErrorCode::kSchemaChanged;
    case bridge::Code::BadPagingState: return ErrorCode::kBadPagingState;
    case bridge::Code::Malformed: return ErrorCode::kMalformed;
    case bridge::Code::Cancelled: return ErrorCode::kCancelled;
    case bridge::Code::Ok:
    case bridge::Code::Internal: break;
  }
  return ErrorCode::kInternal;
}

Status to_status(const bridge::Status& status) {
  if (status.code == bridge::Code::Ok) return {};
  return Error{error_code(status.code), std::string(status.message)};
}

ColumnKind column_kind(bridge::ColumnKind kind) {
  switch (kind) {
    case bridge::ColumnKind::PartitionKey: return ColumnKind::kPartitionKey;
    case bridge::ColumnKind::Clustering: return ColumnKind::kClustering;
    case bridge::ColumnKind::Static: return ColumnKind::kStatic;
    case bridge::ColumnKind::Regular: break;
  }
  return ColumnKind::kRegular;
}

bridge::ColumnKind column_kind(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kPartitionKey: return bridge::ColumnKind::PartitionKey;
    case ColumnKind::kClustering: return bridge::ColumnKind::Clustering;
    case ColumnKind::kStatic: return bridge::ColumnKind::Static;
    case ColumnKind::kRegular: break;
  }
  return bridge::ColumnKind::Regular;
}

rust::Vec<uint8_t> rust_bytes(const std::vector<uint8_t>& bytes) {
  rust::Vec<uint8_t> copy;
  copy.reserve(bytes.size());
  for (const uint8_t byte : bytes) copy.push_back(byte);
  return copy;
}

Bytes bytes_of(rust::Slice<const uint8_t> slice) { return {slice.data(), slice.size()}; }

Result<Table> table_of(const bridge::TableSpec& spec, const std::string& keyspace) {
  Table table;
  table.keyspace = keyspace;
  table.name = std::string(spec.name);
  table.id = std::string(spec.id);
  table.is_view = spec.is_view;
  for (const bridge::IndexSpec& index : spec.indexes) {
    table.indexes.push_back(make_index(std::string(index.name), std::string(index.class_name),
                                       std::string(index.target)));
  }
  for (const bridge::ColumnSpec& column : spec.columns) {
    Bytes option{column.type_option.data(), column.type_option.size()};
    auto type = parse_type_option(option);
    if (!type) {
      return type.error().within(
          fmt::format("column {}.{}.{}", keyspace, table.name, std::string(column.name)));
    }
    const ColumnKind kind = column_kind(column.kind);
    if (kind == ColumnKind::kPartitionKey) ++table.partition_key_count;
    if (kind <= ColumnKind::kClustering) ++table.primary_key_count;
    table.columns.push_back({std::string(column.name), *std::move(type), kind});
  }
  return table;
}

bridge::QuerySpec query_spec(const ScanQuery& query, const ScyllaExtras& extras) {
  const Table& table = query.table;
  bridge::QuerySpec spec;
  spec.cql = rust::String::lossy(scan_cql(query, extras));
  spec.keyspace = rust::String::lossy(table.keyspace);
  spec.table = rust::String::lossy(table.name);
  for (const Column& column : table.columns) {
    std::vector<uint8_t> option;
    append_type_option(column.type, table.keyspace, option);
    spec.columns.push_back(
        {rust::String::lossy(column.name), column_kind(column.kind), rust_bytes(option)});
  }
  if (query.cursor_column && query.cursor_after_ms) {
    spec.cursor_bounds_ms.push_back(*query.cursor_after_ms);
    if (query.cursor_until_ms) spec.cursor_bounds_ms.push_back(*query.cursor_until_ms);
  }
  return spec;
}

/// A page keeps the driver's event, which keeps the response frame.
class EventBuffer final : public PageBuffer {
 public:
  explicit EventBuffer(rust::Box<bridge::Event> event) : event_(std::move(event)) {}
  Bytes rows() const override { return bytes_of(event_->rows()); }

 private:
  rust::Box<bridge::Event> event_;
};

Page page_of(rust::Box<bridge::Event> event) {
  Page page;
  const Bytes state = bytes_of(event->paging_state());
  page.paging_state.assign(state.begin(), state.end());
  page.row_count = event->row_count();
  page.is_last = event->is_last();
  page.coordinator = std::string(event->coordinator());
  page.buffer = std::make_unique<EventBuffer>(std::move(event));
  return page;
}

class ScyllaScanner final : public Scanner {
 public:
  ScyllaScanner(rust::Box<bridge::Scanner> scanner, ScyllaExtras extras, PageTrace* trace)
      : scanner_(std::move(scanner)), extras_(extras), trace_(trace) {}

  void start(ScanRequest request) override {
    if (trace_ != nullptr) trace_->on_start(request);
    bridge::ScanStart start;
    start.id = request.id;
    start.start = request.range.start;
    start.end = request.range.end;
    start.paging_state = rust_bytes(request.paging_state);
    start.first_page_rows = request.first_page_rows;
    start.page_limit = request.page_limit;
    start.page_rows_max = request.page_rows_max;
    scanner_->start(registered(request.query), std::move(start));
  }

  Result<std::optional<ScanEvent>> next(int64_t timeout_ms) override {
    rust::Box<bridge::Event> event = scanner_->next(timeout_ms);
    const ScanId id = event->scan_id();
    switch (event->kind()) {
      case bridge::EventKind::TimedOut: return std::optional<ScanEvent>();
      case bridge::EventKind::Cancelled:
        return Error{ErrorCode::kCancelled, "the scan was cancelled"};
      case bridge::EventKind::Page: return traced({id, page_of(std::move(event))});
      case bridge::EventKind::Failure: break;
    }
    return traced({id, to_status(event->status()).error()});
  }

  void cancel() override { scanner_->cancel(); }

 private:
  struct Registered {
    std::shared_ptr<const ScanQuery> query;  // held: its address is the key
    rust::Box<bridge::Query> bridged;
  };

  std::optional<ScanEvent> traced(ScanEvent event) {
    if (trace_ != nullptr) trace_->on_event(event);
    return event;
  }

  /// The bridge's form of a query, made once; valid while `query` is held by others too.
  const bridge::Query& registered(const std::shared_ptr<const ScanQuery>& query) {
    const std::lock_guard lock(mutex_);
    auto found = queries_.find(query.get());
    if (found == queries_.end()) {
      // Each window of an incremental read is a query of its own; those that no scan holds go.
      std::erase_if(queries_,
                    [](const auto& entry) { return entry.second.query.use_count() == 1; });
      Registered made{query, bridge::make_query(query_spec(*query, extras_))};
      found = queries_.emplace(query.get(), std::move(made)).first;
    }
    return *found->second.bridged;
  }

  const rust::Box<bridge::Scanner> scanner_;
  const ScyllaExtras extras_;
  PageTrace* const trace_;
  std::mutex mutex_;
  std::unordered_map<const ScanQuery*, Registered> queries_;  // guarded by mutex_
};

class ScyllaSource final : public Source {
 public:
  ScyllaSource(rust::Box<bridge::Session> session, const ScyllaOptions& options)
      : session_(std::move(session)),
        keyspace_(options.keyspace),
        include_views_(options.include_views),
        extras_{session_->is_scylla(), options.request_timeout_ms},
        trace_(options.page_trace) {}

  Result<SourceIdentity> identity() override {
    const bridge::Identity identity = session_->identity();
    RINGSYNC_TRY(to_status(identity.status));
    return SourceIdentity{std::string(identity.cluster), keyspace_,
                          std::string(identity.server_version)};
  }

  Result<Keyspace> keyspace() override {
    const bridge::Schema schema = session_->schema();
    RINGSYNC_TRY(to_status(schema.status));
    Keyspace keyspace{keyspace_, {}, schema.offers_sai};
    for (const bridge::TableSpec& spec : schema.tables) {
      if (spec.is_view && !include_views_) continue;
      RINGSYNC_ASSIGN(Table table, table_of(spec, keyspace_));
      keyspace.tables.push_back(std::move(table));
    }
    return keyspace;
  }

  Result<Ring> ring() override {
    const bridge::Ring ring = session_->ring();
    RINGSYNC_TRY(to_status(ring.status));
    return Ring{{ring.tokens.begin(), ring.tokens.end()}, ring.node_count, ring.shard_count};
  }

  Result<int64_t> server_time_ms() override {
    const bridge::ServerTime time = session_->server_time();
    RINGSYNC_TRY(to_status(time.status));
    return time.unix_ms;
  }

  Result<std::unique_ptr<Scanner>> scanner(const ScannerOptions& options) override {
    const bridge::ScannerLimits limits{options.page_rows_max, options.page_bytes_target,
                                       options.queue_pages};
    return std::unique_ptr<Scanner>(
        std::make_unique<ScyllaScanner>(session_->scanner(limits), extras_, trace_));
  }

  std::string statement(const ScanQuery& query) const override { return scan_cql(query, extras_); }

  Token token(const std::vector<Bytes>& partition_key) const override {
    const std::vector<uint8_t> key = serialized_partition_key(partition_key);
    return bridge::token_of_key({key.data(), key.size()});
  }

 private:
  const rust::Box<bridge::Session> session_;
  const std::string keyspace_;
  const bool include_views_;
  const ScyllaExtras extras_;
  PageTrace* const trace_;
};

std::string address(const ContactPoint& point) {
  const bool is_ipv6 = point.host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", point.host, point.port)
                 : fmt::format("{}:{}", point.host, point.port);
}

const char* verify_name(TlsVerify verify) {
  switch (verify) {
    case TlsVerify::kCa: return "ca";
    case TlsVerify::kFull: return "full";
    case TlsVerify::kNone: break;
  }
  return "none";
}

/// Throws std::invalid_argument where a text is not UTF-8.
bridge::SessionOptions session_options(const ScyllaOptions& options) {
  bridge::SessionOptions given;
  for (const ContactPoint& point : options.contact_points) {
    given.contact_points.push_back(address(point));
  }
  given.user = options.user;
  given.password = options.password;
  given.local_dc = options.local_dc;
  given.keyspace = options.keyspace;
  given.consistency = options.consistency;
  given.tls = options.tls.has_value();
  const TlsOptions tls = options.tls.value_or(TlsOptions{});
  given.tls_verify = verify_name(tls.verify);
  given.tls_ca_file = tls.ca_file;
  given.tls_cert_file = tls.cert_file;
  given.tls_key_file = tls.key_file;
  given.connect_timeout_ms = options.connect_timeout_ms;
  given.request_timeout_ms = options.request_timeout_ms;
  given.io_threads = options.io_threads;
  given.connections_per_host = options.connections_per_host;
  given.token_routing = options.token_routing;
  return given;
}

}  // namespace

Result<std::unique_ptr<Source>> open_scylla_source(const ScyllaOptions& options) {
  try {
    rust::Box<bridge::Session> session = bridge::open_session(session_options(options));
    RINGSYNC_TRY(to_status(session->status()));
    return std::unique_ptr<Source>(std::make_unique<ScyllaSource>(std::move(session), options));
  } catch (const std::invalid_argument&) {
    return Error{ErrorCode::kConfig,
                 "host, user, password, data centre and keyspace must be UTF-8 text"};
  }
}

}  // namespace ringsync
