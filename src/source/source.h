// The source port: what the sync engine needs of a database that is read. `source/scylla`
// implements it over the driver bridge; tests and simulations bring their own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/table.h"
#include "model/token_range.h"

namespace ringsync {

/// What a page's bytes live in; ends with the page.
class PageBuffer {
 public:
  virtual ~PageBuffer() = default;
  /// The rows region of the result, in the wire format that PageIndex reads.
  virtual Bytes rows() const = 0;
};

/// One page of a scan, in the order of the plan's columns.
struct Page {
  std::unique_ptr<PageBuffer> buffer;
  uint32_t row_count = 0;
  std::vector<uint8_t> paging_state;  // where the next page begins; empty when this is the last
  bool is_last = false;               // the range is read to its end
  std::string coordinator;            // the node that answered, "address:port"; for people
};

using ScanId = uint64_t;

/// What to read of one table; shared by all its scans. Columns come in the order of table.columns.
struct ScanQuery {
  Table table;
  std::optional<uint16_t> cursor_column;   // index in table.columns, a timestamp
  std::optional<int64_t> cursor_after_ms;  // read only rows whose cursor is > this …
  std::optional<int64_t> cursor_until_ms =
      std::nullopt;       // … and <= this; only with the other bound
  bool by_index = false;  // an index of the cursor column serves the bounds
};

/// One range of one table, from its start or from a saved paging state.
struct ScanRequest {
  ScanId id = 0;                           // chosen by the caller; comes back with every event
  std::shared_ptr<const ScanQuery> query;  // shared: outlives the request inside the driver
  TokenRange range;
  std::vector<uint8_t> paging_state;  // empty: from the range's start
  uint32_t first_page_rows = 0;       // rows asked for first; the scan then aims at page_bytes
  uint32_t page_limit = 0;            // stop after so many pages; 0: read to the end
  uint32_t page_rows_max = 0;         // no page asks for more rows; 0: the scanner's own maximum
};

/// A page of a scan, or the failure that ended it. Events of one scan come in order.
struct ScanEvent {
  ScanId id = 0;
  Result<Page> page;
};

struct ScannerOptions {
  uint32_t page_rows_max = 5000;
  uint32_t page_bytes_target = 1 << 20;  // later pages of a scan are sized to about this
  uint32_t queue_pages = 4;              // pages that wait before the scans are held back
};

/// Many scans at once, all their pages out of one bounded queue: a reader that is slow slows the
/// scans. Thread rule: every method may be called from any thread.
class Scanner {
 public:
  virtual ~Scanner() = default;
  /// Starts a scan; never blocks. What goes wrong arrives as an event.
  virtual void start(ScanRequest request) = 0;
  /// The next event of any scan; nothing after `timeout_ms`. Error kCancelled after cancel().
  virtual Result<std::optional<ScanEvent>> next(int64_t timeout_ms) = 0;
  /// Stops every scan; pages that wait are dropped.
  virtual void cancel() = 0;
};

/// Who the source is, to tell a saved state that belongs to another.
struct SourceIdentity {
  std::string cluster;  // cluster name
  std::string keyspace;
  std::string server_version;  // release version, part of a paging state's fingerprint
};

/// The token ring as a scan planner sees it.
struct Ring {
  std::vector<Token> tokens;  // sorted; every node's, each the end of a range with one replica set
  uint32_t node_count = 1;
  uint32_t shard_count = 1;  // over all nodes; a Cassandra node counts as one
};

/// Thread rule: every method may be called from any thread; all block but scanner().
class Source {
 public:
  virtual ~Source() = default;
  virtual Result<SourceIdentity> identity() = 0;
  /// Every table of the keyspace and, where the source was opened with them, its views.
  virtual Result<Keyspace> keyspace() = 0;
  virtual Result<Ring> ring() = 0;
  /// The coordinator's clock, milliseconds since the epoch.
  virtual Result<int64_t> server_time_ms() = 0;
  virtual Result<std::unique_ptr<Scanner>> scanner(const ScannerOptions& options) = 0;
  /// The exact statement that scans of `query` send: for people, and for fingerprints of paging
  /// states.
  virtual std::string statement(const ScanQuery& query) const = 0;
  /// Token of a partition key given as its cells' bytes, in key order.
  virtual Token token(const std::vector<Bytes>& partition_key) const = 0;
};

}  // namespace ringsync
