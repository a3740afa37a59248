// The simulated destination and its sink: operations go into a log, and come to the tables as a
// database commits them (all, with the state) or as Fivetran takes them (in order, some time later,
// perhaps not all).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "defects.h"
#include "fake_database.h"
#include "invariants.h"
#include "sink/sink.h"
#include "stage.h"

namespace ringsync::simulation {

class SimSink;

/// What outlives a crash.
struct SimDestination {
  /// A copy of a state, as the user keeps it in a file.
  struct Copy {
    StoredState state;
    CursorFloors floors;
  };

  DestinationTables tables;
  std::map<std::string, uint16_t> keys;  // columns of the key by which a database merges each
  /// States that the next sync may be handed, in the order in which they became durable: of all
  /// syncs, but for those before a truncate that took away what they tell of. A database has one.
  std::vector<std::optional<StoredState>> states{std::nullopt};
  size_t handed = 0;    // of these, what the last sync began with
  CursorFloors floors;  // a database's: of its state
  /// A database's: those that tell of no rows which it has lost since.
  std::vector<Copy> copies;
  const SimSink* writer = nullptr;  // whose rows are merged and not committed: others wait
  Defect defect = Defect::kNone;    // one that lies behind the sink's port

  uint64_t sequence() const { return states.back() ? states.back()->sequence : 0; }
};

class SimSink final : public Sink {
 public:
  SimSink(SimDestination& destination, Stage& stage);
  SimSink(const SimSink&) = delete;
  SimSink& operator=(const SimSink&) = delete;
  ~SimSink() override { roll_back(); }

  Result<std::optional<StoredState>> load_state() override;
  Result<TableOpening> open_table(const TablePlan& plan) override;
  Status begin_table(const TablePlan& plan) override;
  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override;
  Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                 RowSlice slice) override;
  Status finish_table(const TablePlan& plan) override;
  Result<bool> checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) override;
  std::optional<uint64_t> rows_deleted(const std::string&) const override { return std::nullopt; }

  /// The sync has ended, by a crash or not: what Fivetran has of it may come to the tables.
  void end();
  /// The state that was sent last, whether it has become durable or not.
  const std::optional<SyncState>& last_state() const { return last_state_; }
  /// Calls that a crash may come before or behind.
  uint64_t steps() const { return calls_; }
  bool has_crashed() const { return has_crashed_; }

 private:
  struct Entry {
    enum class Kind : uint8_t { kRow, kTruncate, kFinish, kState };
    Kind kind = Kind::kRow;
    std::shared_ptr<const RunFacts> run;  // none for a state
    int64_t id = 0;
    int64_t value = 0;
    int64_t synced_us = 0;  // of a row; of a finish: rows before it are swept
    StoredState state = {};
  };

  bool is_fivetran() const;
  Status step(const char* what, bool& crashes_behind_it);
  void crash_at(const char* what);
  void let_others_run(const char* what) const;
  void choose_state();
  void apply(size_t entries);
  void apply(const Entry& entry);
  void apply_truncate(const Entry& entry);
  void apply_finish(const Entry& entry);
  void apply_state(const Entry& entry);
  Result<bool> send(const Checkpoint& checkpoint);
  Result<bool> commit(const Checkpoint& checkpoint);
  Status merge();
  Status find_no_other() const;
  void roll_back();
  void note_state(const Checkpoint& checkpoint);
  void check_repeat(const TablePlan& plan, const testing::FakePage& page, uint32_t row) const;
  void check_announced(const TablePlan& plan, int64_t partition, int64_t id, bool may_repeat);
  void check_ring_is_read(const TablePlan& plan) const;
  void add_read_before(const TablePlan& plan, std::vector<ReadArea>& read) const;

  SimDestination& destination_;
  Stage& stage_;
  std::map<std::string, std::shared_ptr<const RunFacts>> runs_;
  std::set<std::string> created_;
  std::optional<SyncState> last_state_;
  CursorFloors floors_;
  std::vector<Entry> log_;
  std::vector<std::shared_ptr<const RunFacts>> finished_;  // before the next state
  // Delivered since the last commit: all of it is merged at once.
  std::set<std::tuple<std::string, int64_t, int64_t>> in_group_;  // table, partition, id
  uint64_t sequence_ = 0;
  uint64_t calls_ = 0;
  uint64_t rows_since_commit_ = 0;
  uint64_t rows_since_checkpoint_ = 0;
  bool has_crashed_ = false;
};

}  // namespace ringsync::simulation
