// The sink port: what the sync engine needs of a destination. Pages are encoded by workers, then
// delivered, in order within a split, by the one delivering thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cql/page_view.h"
#include "model/operation.h"
#include "model/table_plan.h"

namespace ringsync {

/// Values of one column that became NULL because the destination cannot hold them.
struct NulledValues {
  uint16_t column = 0;  // index in the table
  uint32_t count = 0;
};

/// A page in the sink's own format; needs nothing of the source any more.
class EncodedPage {
 public:
  virtual ~EncodedPage() = default;
  /// Memory held, for the queue's limit.
  virtual size_t byte_size() const = 0;
  /// At most one entry a column; empty but for pages of tables whose user allowed it.
  const std::vector<NulledValues>& nulled() const { return nulled_; }

 protected:
  std::vector<NulledValues> nulled_;
};

/// Encodes pages of one table. Thread rule: one encoder a worker, no locks; used by that worker
/// only.
class PageEncoder {
 public:
  virtual ~PageEncoder() = default;
  /// Every row and cell of `page`. On failure sets `failed_row` to the row that could not be
  /// encoded.
  virtual Result<std::unique_ptr<EncodedPage>> encode(const PageView& page,
                                                      uint32_t& failed_row) = 0;
};

/// Part of a page: rows [first_row, first_row + row_count).
struct RowSlice {
  uint32_t first_row = 0;
  uint32_t row_count = 0;
  /// True where a row of this slice may have been delivered before in this run (a split read
  /// again after a failure): the last delivered version of a key is the one that counts.
  bool may_repeat = false;
  /// Of all rows of the slice. Where a table gets deletes, the last operation on a key counts,
  /// whatever `may_repeat` says; of a deleted row only the key is read, and its other columns keep
  /// what they hold.
  Operation operation = Operation::kUpsert;
};

/// The engine's state at one moment. Valid during the call that receives it.
struct Checkpoint {
  uint64_t sequence = 0;              // one more than the checkpoint before
  std::function<std::string()> json;  // makes the state document; called only where it is stored
};

/// What open_table found.
struct TableOpening {
  bool is_new = false;  // the destination had no such table
};

/// How a sink is asked to treat a checkpoint.
enum class CheckpointUrgency : uint8_t {
  kRoutine,  // store it when the sink's own commit policy says so
  kDurable,  // store it, with all that was delivered, before returning
};

/// A state document as the destination keeps it.
struct StoredState {
  uint64_t sequence = 0;
  std::string json;
};

/// Thread rule: encoder() and the encoders may be used by workers once open_table() has returned;
/// every other method is called by the delivering thread only.
class Sink {
 public:
  virtual ~Sink() = default;
  /// The last durable state, or nothing before the first sync.
  virtual Result<std::optional<StoredState>> load_state() = 0;
  /// Makes the destination table ready, before its encoders. Called again with another plan where
  /// the first turned out to vouch for rows that a new table cannot have. Fails for the table alone
  /// where its shape is the reason (types, names, key, what the destination has in its
  /// place), for the whole sink otherwise.
  virtual Result<TableOpening> open_table(const TablePlan& plan) = 0;
  /// The first page of a new run has come; its rows, if it has any, are delivered next. A run that
  /// a saved state holds was begun before it was saved: a state holds a run from here on. A
  /// destination that marks all old rows deleted before the new ones arrive does it now.
  virtual Status begin_table(const TablePlan&) { return {}; }
  virtual Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) = 0;
  /// Takes rows of a page; several slices of one page come one after the other. Blocking is how a
  /// destination slows the scan.
  virtual Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                         RowSlice slice) = 0;
  /// The table is read to its end: where plan.sweeps(), rows not synced since plan.run_started_us
  /// become deleted, in the commit that also stores the next checkpoint.
  virtual Status finish_table(const TablePlan& plan) = 0;
  /// A state that vouches for all delivered before. Returns whether it is durable on return.
  virtual Result<bool> checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) = 0;
  /// Rows that durable checkpoints have marked deleted in this table since the sink was opened;
  /// nothing where the sink cannot tell.
  virtual std::optional<uint64_t> rows_deleted(const std::string& table) const = 0;
};

}  // namespace ringsync
