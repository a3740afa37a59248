// A database and a destination in memory, behind the real ports, for tests of the engine: seeded,
// single-threaded where the pipeline has no workers, and able to fail and to crash on demand.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "sink/sink.h"
#include "source/source.h"

namespace ringsync::testing {

/// Time that stands still but for each look at the steady clock, which takes a millisecond.
class FakeClock final : public Clock {
 public:
  int64_t wall_us() const override { return wall_us_; }
  int64_t steady_ms() const override { return ++steady_ms_; }
  void sleep_ms(int64_t ms) const override { steady_ms_ += ms; }
  void advance_ms(int64_t ms) {
    wall_us_ += ms * 1000;
    steady_ms_ += ms;
  }

 private:
  int64_t wall_us_ = 1'700'000'000'000'000;
  mutable int64_t steady_ms_ = 0;
};

/// What a destination row holds for a `value` that was left out.
inline constexpr int64_t kNotSent = -1'000'000;

struct FakeRow {
  int64_t value = 0;
  std::optional<int64_t> updated_at_ms;
};

/// A table with key `id bigint`, `value bigint` and, where `has_cursor`, `updated_at timestamp`.
/// Where partitions have several rows, the key is `part bigint, id bigint`.
struct FakeTable {
  std::string id = "table-1";
  bool has_cursor = false;
  bool is_indexed = false;   // the schema shows an index of the cursor
  bool serves_index = true;  // the server takes reads by it
  bool is_view = false;
  bool has_extra = false;           // a column more, `extra bigint`
  int64_t partition_rows = 1;       // ids side by side are one partition
  std::map<int64_t, FakeRow> rows;  // by id

  int64_t partition_of(int64_t row) const;
  uint16_t key_columns() const { return partition_rows > 1 ? 2 : 1; }
};

using FakeTables = std::map<std::string, FakeTable>;

/// Partitions whose tokens are the first and the last there are.
inline constexpr int64_t kPartitionAtRingStart = 1'000'000'007;
inline constexpr int64_t kPartitionAtRingEnd = 1'000'000'009;

/// Token of a partition, which has an id where it has one row: spread over the ring like Murmur3's.
Token token_of_id(int64_t id);

struct FakeSourceOptions {
  uint64_t seed = 1;
  std::vector<Token> ring_tokens{-4'000'000'000'000'000'000, 0, 4'000'000'000'000'000'000};
  std::string server_version = "5.0";
  bool offers_sai = true;
  /// A paging state of another statement, range, table or version is not refused but misread.
  bool takes_foreign_paging_states = false;
  /// Bounds are applied to the rows of a page that is cut already: pages may be short, or empty and
  /// not the last, and an empty last one follows.
  bool filters_late = false;
  /// Called before each page; what it returns becomes the scan's failure.
  std::function<std::optional<Error>(const ScanRequest&)> fault;
  /// A scan for which it is true gets no answer, neither a page nor a failure.
  std::function<bool(const ScanRequest&)> hangs;
  /// Called after each page, as other clients of the database would run.
  std::function<void()> after_page;
};

/// Reads `tables`, which may change at any time. Pages of the scans under way come in random order.
class FakeSource final : public Source {
 public:
  FakeSource(const FakeTables& tables, const Clock& clock, FakeSourceOptions options = {});

  Result<SourceIdentity> identity() override;
  Result<Keyspace> keyspace() override;
  Result<Ring> ring() override;
  Result<int64_t> server_time_ms() override;
  Result<std::unique_ptr<Scanner>> scanner(const ScannerOptions& options) override;
  Token token(const std::vector<Bytes>& partition_key) const override;
  std::string statement(const ScanQuery& query) const override;

  /// The cluster is another from now on, also to the scans under way. Paging states of versions
  /// that it has had since it was opened are refused, never misread: nodes tell each other's
  /// states.
  void change_cluster(const std::vector<Token>& ring_tokens, const std::string& server_version);
  /// True where the request's paging state was made for another read, and would be misread.
  bool would_misread(const ScanRequest& request) const;

  /// Every scan that was asked for, in order.
  const std::vector<ScanRequest>& requests() const { return requests_; }
  /// How many scans were under way with each of them, itself included.
  const std::vector<size_t>& scans_at_once() const { return scans_at_once_; }
  uint64_t rows_read() const { return rows_read_; }

 private:
  friend class FakeScanner;
  /// What a paging state is good for: this statement over this range on this version.
  uint64_t purpose_of(const ScanRequest& request, const std::string& server_version) const;

  const FakeTables& tables_;
  const Clock& clock_;
  FakeSourceOptions options_;
  std::vector<std::string> earlier_versions_;
  std::vector<ScanRequest> requests_;
  std::vector<size_t> scans_at_once_;
  uint64_t rows_read_ = 0;
};

/// What fake_encoder() makes.
struct FakePage final : EncodedPage {
  std::vector<std::pair<int64_t, FakeRow>> rows;  // with their ids
  std::vector<int64_t> partitions;                // of each row
  size_t byte_size() const override { return rows.size() * sizeof rows[0]; }
};

std::unique_ptr<PageEncoder> fake_encoder(const Table& table);

struct FakeDestinationRow {
  FakeRow row;
  int64_t synced_us = 0;
  bool deleted = false;
};

/// What outlives a crash.
struct FakeDestination {
  std::map<std::string, std::map<int64_t, FakeDestinationRow>> tables;
  std::optional<StoredState> state;
};

struct FakeSinkOptions {
  uint64_t commit_rows = 1;        // a routine checkpoint is durable after so many rows
  uint64_t crash_after_calls = 0;  // this call to deliver, finish or checkpoint fails; 0: none
  std::string refused_table;       // open_table fails
};

class FakeSink final : public Sink {
 public:
  FakeSink(FakeDestination& destination, const Clock& clock, FakeSinkOptions options = {});

  Result<std::optional<StoredState>> load_state() override;
  Result<TableOpening> open_table(const TablePlan& plan) override;
  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override;
  Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                 RowSlice slice) override;
  Status finish_table(const TablePlan& plan) override;
  Result<bool> checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) override;

  std::optional<uint64_t> rows_deleted(const std::string& table) const override;

  uint64_t delivered_rows() const { return delivered_rows_; }
  uint64_t calls() const { return calls_; }
  /// Largest slice between two checkpoints, in rows.
  uint32_t rows_between_checkpoints_max() const { return between_max_; }

 private:
  Status count_call();

  FakeDestination& destination_;
  FakeDestination pending_;  // destination plus what is not committed
  const Clock& clock_;
  FakeSinkOptions options_;
  std::map<std::string, uint64_t> rows_deleted_;
  uint64_t calls_ = 0;
  uint64_t delivered_rows_ = 0;
  uint64_t rows_since_commit_ = 0;
  uint32_t between_ = 0;
  uint32_t between_max_ = 0;
};

}  // namespace ringsync::testing
