// ReplaySource: one table's rows in memory behind the source port, as a server sent them or would.
// No server stands in the way, so that what a sync takes is what the client takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "source/source.h"

namespace ringsync::bench {

/// Where a row lies in the bytes of all rows.
struct RecordedRow {
  Token token = 0;
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t cursor_at = 0;  // where the cursor's eight bytes are; 0: it has none
};

/// The rows in the order of their tokens, which are no server's: a hash of the partition key's
/// cells.
class RecordedTable {
 public:
  /// `cursor_column`: of type timestamp; empty: reads have no bounds.
  explicit RecordedTable(Table table, const std::string& cursor_column);

  /// Rows of a page, as the server sends them. Call sort() behind the last.
  Status add(Bytes rows, uint32_t row_count);
  void sort();

  /// Sets the cursor of a share of the rows, spread over the ring. Returns how many.
  uint64_t touch(double share, int64_t cursor_ms);

  const Table& table() const { return table_; }
  const std::vector<RecordedRow>& rows() const { return rows_; }
  Bytes bytes(uint64_t start, uint64_t end) const {
    return Bytes(bytes_).subspan(start, end - start);
  }
  std::optional<int64_t> cursor_ms(const RecordedRow& row) const;

 private:
  const Table table_;
  const int cursor_column_;  // index in the table's columns, or -1
  std::vector<uint8_t> bytes_;
  std::vector<RecordedRow> rows_;
};

/// Thread rule: that of Source. `recorded` outlives it.
class ReplaySource final : public Source {
 public:
  explicit ReplaySource(const RecordedTable& recorded) : recorded_(recorded) {}

  Result<SourceIdentity> identity() override;
  Result<Keyspace> keyspace() override;
  Result<Ring> ring() override;
  Result<int64_t> server_time_ms() override;
  /// Pages point into the recorded bytes and copy nothing, but for reads with bounds.
  Result<std::unique_ptr<Scanner>> scanner(const ScannerOptions& options) override;
  std::string statement(const ScanQuery& query) const override;
  Token token(const std::vector<Bytes>& partition_key) const override;

 private:
  const RecordedTable& recorded_;
};

}  // namespace ringsync::bench
