#include <algorithm>
#include <set>
#include <utility>

#include "defects.h"
#include "fake_database.h"
#include "plan/table_planning.h"
#include "plan/token_ranges.h"
#include "sync/state_codec.h"

namespace ringsync::simulation {
namespace {

/// What a defective engine would have stored in place of `state`.
void spoil_saved(Defect defect, SyncState& state) {
  if (defect == Defect::kDoneTooEarly) {
    for (auto& [name, table] : state.tables) {
      if (!table.run) continue;
      double share = 0;
      for (const TokenRange& range : table.run->done) share += ring_share(range);
      if (share > 0.6) complete_run(table);
    }
  }
  if (defect == Defect::kStateOfAnotherTable) {
    RunState* other = nullptr;
    for (auto& [name, table] : state.tables) {
      if (!table.run) continue;
      if (other != nullptr) {
        std::swap(other->done, table.run->done);
        std::swap(other->active, table.run->active);
      }
      other = &*table.run;
    }
  }
}

/// The tables' identities and keys as they are now, whatever they were.
void take_over_identities(Stage& stage, SyncState& state) {
  const auto keyspace = testing::FakeSource(stage.world.tables(), stage.clock).keyspace();
  for (const Table& table : keyspace->tables) {
    const auto known = state.tables.find(table.name);
    if (known == state.tables.end() || known->second.table_id.empty()) continue;
    known->second.table_id = table.id;
    known->second.key_fingerprint = key_fingerprint(table);
  }
}

/// What a defective engine would have made of the stored `state`.
void spoil_loaded(Defect defect, SyncState& state) {
  for (auto& [name, table] : state.tables) {
    if (!table.run) continue;
    const bool skips = defect == Defect::kWindowSkipped && table.run->window_end_ms;
    if (skips) table.run->cursor_after_ms = std::exchange(table.run->window_end_ms, {});
    if (skips || defect == Defect::kProgressForgotten) {
      table.run->done.clear();
      table.run->active.clear();
    }
    if (defect != Defect::kResumeBehindToken) continue;
    for (ScanPosition& at : table.run->active) {
      at.paging_state.clear();
      if (at.reached < at.range.end) ++at.reached;
    }
  }
}

class DefectiveSink final : public Sink {
 public:
  DefectiveSink(Defect defect, Sink& inner, Stage& stage)
      : defect_(defect), inner_(inner), stage_(stage), began_us_(stage.clock.wall_us()) {}

  Result<std::optional<StoredState>> load_state() override {
    RINGSYNC_ASSIGN(auto stored, inner_.load_state());
    if (!stored) return stored;
    RINGSYNC_ASSIGN(SyncState state, decode_state(stored->json));
    spoil_loaded(defect_, state);
    if (defect_ == Defect::kMadeAnewUnnoticed) take_over_identities(stage_, state);
    stored->json = encode_state(state);
    return stored;
  }

  Result<TableOpening> open_table(const TablePlan& plan) override {
    RINGSYNC_ASSIGN(TableOpening opening, inner_.open_table(plan));
    if (defect_ == Defect::kImportUnchecked && stage_.import != nullptr) opening.is_new = false;
    return opening;
  }

  Status begin_table(const TablePlan& plan) override {
    begun_.insert(plan.table.name);
    return inner_.begin_table(plan);
  }

  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override {
    return inner_.encoder(plan);
  }

  Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                 RowSlice slice) override {
    if (defect_ == Defect::kTruncateRepeated && begun_.insert(plan.table.name).second) {
      RINGSYNC_TRY(inner_.begin_table(plan));
    }
    if (defect_ == Defect::kRepeatNotAnnounced) slice.may_repeat = false;
    if (defect_ == Defect::kCheckpointBeforeItsRows) {
      held_.push_back({&plan, page, slice});
      return {};
    }
    if (defect_ != Defect::kRowsStampedByClock) return inner_.deliver(plan, page, slice);
    TablePlan stamped = plan;
    stamped.run_started_us = stage_.clock.wall_us();
    return inner_.deliver(stamped, page, slice);
  }

  Status finish_table(const TablePlan& plan) override {
    if (defect_ != Defect::kSweepByResumeStart) return inner_.finish_table(plan);
    TablePlan later = plan;
    later.run_started_us = std::max(later.run_started_us, began_us_);
    return inner_.finish_table(later);
  }

  Result<bool> checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) override {
    const Checkpoint spoiled{checkpoint.sequence, [&] {
                               std::string json = checkpoint.json();
                               auto state = decode_state(json);
                               if (!state.ok()) return json;
                               spoil_saved(defect_, *state);
                               return encode_state(*state);
                             }};
    RINGSYNC_ASSIGN(const bool durable, inner_.checkpoint(spoiled, urgency));
    for (const auto& [plan, page, slice] : std::exchange(held_, {})) {
      RINGSYNC_TRY(inner_.deliver(*plan, page, slice));
    }
    return durable;
  }

  std::optional<uint64_t> rows_deleted(const std::string& table) const override {
    return inner_.rows_deleted(table);
  }

 private:
  struct Held {
    const TablePlan* plan;
    std::shared_ptr<const EncodedPage> page;
    RowSlice slice;
  };

  const Defect defect_;
  Sink& inner_;
  Stage& stage_;
  const int64_t began_us_;
  std::set<std::string> begun_;
  std::vector<Held> held_;
};

}  // namespace

std::unique_ptr<Sink> with_defect(Defect defect, Sink& sink, Stage& stage) {
  return std::make_unique<DefectiveSink>(defect, sink, stage);
}

}  // namespace ringsync::simulation
