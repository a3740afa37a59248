// Scan: one table as a stream of Arrow batches, any number of times. The engine reads it on a
// thread of its own; what nobody has taken yet is bounded. Knows nothing of Python.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/configuration.h"
#include "model/token_range.h"
#include "plan/parts.h"
#include "python/core/cancellable_source.h"
#include "python/core/scan_sink.h"
#include "sink/arrow/arrow_type.h"
#include "source/source.h"
#include "sync/options.h"

namespace ringsync::python {

/// What one of several readers of a table reads, as whoever shared it out found it.
struct ScanPart {
  std::string table_id;
  TokenRange range;
  TableEstimate table;  // of the whole ring
};

struct ScanWish {
  std::string table;
  std::optional<std::vector<std::string>> columns;  // in the order wanted; none: all
  std::optional<int64_t> since_ms;                  // only rows whose cursor is later
  bool spark_types = false;  // times and UUIDs as text: Spark has no types that hold them
};

class Scan;

/// One reading of the table. Thread rule: one consumer at a time.
class ScanRun {
 public:
  explicit ScanRun(std::shared_ptr<const Scan> scan);
  /// Stops it and waits a second at most: where the cluster does not answer, the thread is left to
  /// itself and ends with its request.
  ~ScanRun();
  ScanRun(const ScanRun&) = delete;
  ScanRun& operator=(const ScanRun&) = delete;

  /// As of SliceQueue.
  Result<SliceQueue::Popped> next(int64_t timeout_ms, PageSlice& slice);

 private:
  struct Reading;
  const std::shared_ptr<Reading> reading_;  // the thread's too
};

/// Thread rule: immutable once made.
class Scan {
 public:
  /// Connects and finds the table. Errors: those of open_source; kUnknownTable and kConfig where
  /// `wish` names what is not there; those of arrow_types().
  static Result<std::shared_ptr<const Scan>> open(Configuration configuration, ScanWish wish);

  const std::vector<ArrowField>& fields() const { return fields_; }
  /// Where the fields lie in the pages of a run.
  const std::vector<uint16_t>& columns() const { return columns_; }
  /// Shares the table out. Reads a few small pages, which tell its size.
  Result<std::vector<ScanPart>> parts(const PartSizing& sizing) const;
  /// Up to when rows are sure to be seen by now, in milliseconds since the epoch. Errors: those of
  /// the source.
  Result<int64_t> until_ms() const;
  /// The same scan of one part, over the same connections. Error kSchemaChanged where the part is
  /// of a table that has been dropped since.
  Result<std::shared_ptr<const Scan>> of_part(ScanPart part) const;

 private:
  friend class ScanRun;  // and with it its Reading
  Scan(Configuration configuration, ScanWish wish)
      : configuration_(std::move(configuration)), wish_(std::move(wish)) {}

  Status connect();
  Result<Table> narrowed(const Keyspace& keyspace) const;
  Status choose(const Table& whole);
  ArrowEncoding encoding() const;
  /// Outlived by the scan.
  SyncOptions options() const;

  const Configuration configuration_;
  const ScanWish wish_;
  std::shared_ptr<Source> source_;
  Table table_;  // with the columns that are sent: key and those wanted
  std::vector<ArrowField> fields_;
  std::vector<uint16_t> columns_;
  std::optional<ScanPart> part_;  // none: the whole table
};

}  // namespace ringsync::python
