#include "destination.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "plan/token_ranges.h"
#include "sync/state_codec.h"

namespace ringsync::simulation {
namespace {

class SimEncoder final : public PageEncoder {
 public:
  SimEncoder(Stage& stage, std::string table, std::unique_ptr<PageEncoder> inner)
      : stage_(stage), table_(std::move(table)), inner_(std::move(inner)) {}

  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t& failed_row) override {
    if (!stage_.random.chance(stage_.faults.encoding_failure_rate)) {
      return inner_->encode(page, failed_row);
    }
    stage_.note_failure(table_);
    stage_.count("values that the destination cannot hold");
    return Error{ErrorCode::kUnrepresentable, "no such value"};
  }

 private:
  Stage& stage_;
  const std::string table_;
  std::unique_ptr<PageEncoder> inner_;
};

// What a commit waits for another one's: a minute, as the databases are asked to.
constexpr int kWaitsMax = 60;
constexpr int64_t kWaitMs = 1000;

/// True where a sync that begins with `stored` may leave out rows of the table.
bool tells_of(const StoredState& stored, const std::string& table) {
  const auto state = decode_state(stored.json);
  if (!state.ok() || !state->tables.contains(table)) return false;
  const TableState& found = state->tables.at(table);
  return found.cursor_ms || found.run || state->done_tables.contains(table);
}

}  // namespace

SimSink::SimSink(SimDestination& destination, Stage& stage)
    : destination_(destination), stage_(stage) {}

bool SimSink::is_fivetran() const {
  return stage_.scenario.destination == DestinationKind::kFivetran;
}

void SimSink::choose_state() {
  auto& states = destination_.states;
  // Any state since the one that the last sync was handed may be the newest that was kept; should
  // somebody hand one of an earlier sync, all that changed since is to come again.
  const size_t handed = destination_.handed;
  if (states.size() - handed > 1 && stage_.random.chance(stage_.faults.older_state_rate)) {
    stage_.count("restarts from an older saved state");
    states.resize(handed + 1 + stage_.random.below(states.size() - handed - 1));
  } else if (handed > 0 && stage_.random.chance(stage_.faults.old_state_rate)) {
    stage_.count("restarts from a state of an earlier sync");
    states.resize(1 + stage_.random.below(handed));
  }
  destination_.handed = states.size() - 1;
}

Result<std::optional<StoredState>> SimSink::load_state() {
  choose_state();
  const auto& stored = destination_.states.back();
  sequence_ = destination_.sequence();
  floors_ = destination_.floors;
  if (stored) {
    auto decoded = decode_state(stored->json);
    if (decoded.ok()) stage_.start_state = std::move(*decoded);
  } else if (stage_.import != nullptr) {
    stage_.start_state = stage_.import->own;
    floors_ = stage_.import->floors;
  }
  return stored;
}

Result<TableOpening> SimSink::open_table(const TablePlan& plan) {
  let_others_run("the opening of a table");
  if (plan.table.name == stage_.faults.refused_table) {
    return Error{ErrorCode::kUnsupportedType, "refused"};
  }
  const auto key = destination_.keys.find(plan.table.name);
  if (key != destination_.keys.end() && key->second != plan.table.primary_key_count) {
    stage_.count("tables refused for their new key");
    return Error{ErrorCode::kKeyChanged, "the destination has rows by another key"};
  }
  runs_[plan.table.name] = std::make_shared<const RunFacts>(
      stage_.checker.planned(plan, stage_.clock.true_ms(), floors_));
  const bool is_new =
      !destination_.tables.contains(plan.table.name) && created_.insert(plan.table.name).second;
  return TableOpening{is_new && !is_fivetran()};
}

void SimSink::let_others_run(const char* what) const {
  if (stage_.on_step) stage_.on_step(what);
}

Status SimSink::step(const char* what, bool& crashes_behind_it) {
  crashes_behind_it = false;
  const Error crash{ErrorCode::kDestination, "crash"};
  if (has_crashed_) return crash;
  let_others_run(what);
  if (++calls_ != stage_.faults.crash_at) return {};
  crash_at(what);
  crashes_behind_it = stage_.faults.crashes_behind_it;
  return crashes_behind_it ? Status{} : Status{crash};
}

void SimSink::crash_at(const char* what) {
  has_crashed_ = true;
  stage_.count("crashes");
  stage_.count(fmt::format("crashes at {}", what));
}

Status SimSink::begin_table(const TablePlan& plan) {
  bool crashes_behind_it = false;
  RINGSYNC_TRY(step("the beginning of a run", crashes_behind_it));
  if (is_fivetran() && plan.sweeps()) {
    log_.push_back({Entry::Kind::kTruncate, runs_.at(plan.table.name)});
  }
  return {};
}

Result<std::unique_ptr<PageEncoder>> SimSink::encoder(const TablePlan& plan) {
  return std::unique_ptr<PageEncoder>(
      std::make_unique<SimEncoder>(stage_, plan.table.name, testing::fake_encoder(plan.table)));
}

void SimSink::check_repeat(const TablePlan& plan, const testing::FakePage& page,
                           uint32_t row) const {
  const std::string& table = plan.table.name;
  const auto& [id, values] = page.rows.at(row);
  const std::optional<int64_t>& cursor_ms = values.updated_at_ms;
  if (!stage_.start_state || !stage_.start_state->tables.contains(table)) return;
  const auto& run = stage_.start_state->tables.at(table).run;
  const RunFacts& facts = *runs_.at(table);
  if (!run || run->started_us != facts.started_us || run->until_ms != plan.until_ms) return;
  const Token token = testing::token_of_id(page.partitions.at(row));
  const bool is_behind = std::any_of(run->active.begin(), run->active.end(), [&](const auto& at) {
    return token > at.range.start && token < at.reached;
  });
  // What a window's ranges say, they say of the window only.
  const bool by_ranges = !run->window_end_ms && plan.cursor_index.empty();
  const bool was_read = by_ranges && (is_behind || is_done(run->done, token));
  const bool was_in_window =
      run->cursor_after_ms && cursor_ms && *cursor_ms <= *run->cursor_after_ms;
  if (!was_read && !was_in_window) return;
  stage_.checker.fail(invariant::kRestartRepeatsLittle,
                      fmt::format("table {} id {} token {}: delivered before the state that the "
                                  "sync began with",
                                  table, id, token));
}

Status SimSink::deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                        RowSlice slice) {
  bool crashes_behind_it = false;
  RINGSYNC_TRY(step("rows", crashes_behind_it));
  const auto& read = dynamic_cast<const testing::FakePage&>(*page);
  for (uint32_t i = slice.first_row; i < slice.first_row + slice.row_count; ++i) {
    const auto& [id, row] = read.rows.at(i);
    check_repeat(plan, read, i);
    check_announced(plan, read.partitions.at(i), id, slice.may_repeat);
    log_.push_back(
        {Entry::Kind::kRow, runs_.at(plan.table.name), id, row.value, plan.run_started_us, {}});
  }
  stage_.count("rows delivered", slice.row_count);
  rows_since_commit_ += slice.row_count;
  rows_since_checkpoint_ += slice.row_count;
  if (rows_since_checkpoint_ > stage_.scenario.options.checkpoint_interval_rows) {
    stage_.checker.fail(invariant::kWithinLimits,
                        fmt::format("{} rows without a checkpoint", rows_since_checkpoint_));
  }
  return {};
}

void SimSink::check_announced(const TablePlan& plan, int64_t partition, int64_t id,
                              bool may_repeat) {
  // A table made anew under the scan may have the id in another partition: it is another row.
  const bool is_first = in_group_.emplace(plan.table.name, partition, id).second;
  // A source that gives a page twice does what the port rules out.
  if (is_first || may_repeat || stage_.faults.echo_rate > 0) return;
  stage_.checker.fail(invariant::kRepeatsAreAnnounced,
                      fmt::format("table {} id {}: a second time in one commit, as if it were the "
                                  "first",
                                  plan.table.name, id));
}

void SimSink::add_read_before(const TablePlan& plan, std::vector<ReadArea>& read) const {
  if (!stage_.start_state || !stage_.start_state->tables.contains(plan.table.name)) return;
  const auto& run = stage_.start_state->tables.at(plan.table.name).run;
  if (!run || run->started_us != runs_.at(plan.table.name)->started_us) return;
  const auto add = [&](TokenRange range) {
    read.push_back({range, run->cursor_after_ms, run->window_end_ms});
  };
  for (const TokenRange& range : run->done) add(range);
  for (const ScanPosition& at : run->active) add({at.range.start, at.reached});
  // Windows that lie before: held against the truth when the state was saved.
  if (run->cursor_after_ms) read.push_back({kWholeRing, std::nullopt, run->cursor_after_ms});
}

// Between two neighbouring bounds of what was read, every row's cursor lies on the same side of
// each.
void SimSink::check_ring_is_read(const TablePlan& plan) const {
  std::vector<ReadArea> read = stage_.read[plan.table.name];
  add_read_before(plan, read);
  std::set<int64_t> bounds;
  for (const ReadArea& area : read) {
    if (area.after_ms) bounds.insert(*area.after_ms);
    if (area.until_ms) bounds.insert(*area.until_ms);
  }
  std::optional<int64_t> after = plan.cursor_after_ms;
  auto next = after ? bounds.upper_bound(*after) : bounds.begin();
  while (true) {
    const bool is_last = next == bounds.end();
    std::vector<TokenRange> ranges;
    for (const ReadArea& area : read) {
      const bool begins = !area.after_ms || (after && *area.after_ms <= *after);
      const bool ends = !area.until_ms || (!is_last && *area.until_ms >= *next);
      if (begins && ends) ranges.push_back(area.range);
    }
    const auto missing = without({kWholeRing}, ranges);
    if (!missing.empty()) {
      stage_.checker.fail(
          invariant::kDoneIsTheRing,
          fmt::format("table {}: done, but of cursors past {} ({}, {}] was not read",
                      plan.table.name, after ? fmt::to_string(*after) : "none", missing[0].start,
                      missing[0].end));
    }
    if (is_last) return;
    after = *next++;
  }
}

Status SimSink::finish_table(const TablePlan& plan) {
  bool crashes_behind_it = false;
  RINGSYNC_TRY(step("the end of a table", crashes_behind_it));
  check_ring_is_read(plan);
  log_.push_back({Entry::Kind::kFinish, runs_.at(plan.table.name), 0, 0, plan.run_started_us, {}});
  return {};
}

Result<bool> SimSink::checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) {
  bool crashes_behind_it = false;
  RINGSYNC_TRY(step("a checkpoint", crashes_behind_it));
  rows_since_checkpoint_ = 0;
  stage_.count("checkpoints");
  const bool is_due =
      urgency == CheckpointUrgency::kDurable || rows_since_commit_ >= stage_.scenario.commit_rows;
  if (!is_fivetran() && !is_due) {
    if (crashes_behind_it) return Error{ErrorCode::kDestination, "crash behind a checkpoint"};
    return false;
  }
  rows_since_commit_ = 0;
  in_group_.clear();
  auto durable = is_fivetran() ? send(checkpoint) : commit(checkpoint);
  roll_back();
  if (crashes_behind_it) return Error{ErrorCode::kDestination, "crash behind a checkpoint"};
  return durable;
}

Result<bool> SimSink::send(const Checkpoint& checkpoint) {
  note_state(checkpoint);
  if (stage_.random.chance(0.5)) apply(log_.size());
  return true;
}

// As the databases' sink does it: one transaction that merges the rows, compares the state's
// sequence number and stores the state.
Result<bool> SimSink::commit(const Checkpoint& checkpoint) {
  if (destination_.defect == Defect::kComparedTooEarly) RINGSYNC_TRY(find_no_other());
  RINGSYNC_TRY(merge());
  if (destination_.defect == Defect::kRowsCommittedFirst) {
    apply(log_.size());
    roll_back();
  }
  bool crashes_behind_it = false;
  RINGSYNC_TRY(step("a commit", crashes_behind_it));
  if (destination_.defect != Defect::kComparedTooEarly) RINGSYNC_TRY(find_no_other());
  note_state(checkpoint);
  apply(log_.size());
  if (crashes_behind_it) return Error{ErrorCode::kDestination, "crash behind a commit"};
  return true;
}

Status SimSink::merge() {
  bool crashes_behind_it = false;
  RINGSYNC_TRY(step("a merge", crashes_behind_it));
  for (int waits = 0; destination_.writer != nullptr && destination_.writer != this; ++waits) {
    if (waits == kWaitsMax) {
      stage_.count("merges that waited for another sync's in vain");
      return Error{ErrorCode::kDestinationBusy, "another sync's commit is in the way"};
    }
    stage_.clock.sleep_ms(kWaitMs);
    stage_.on_wait();
  }
  if (crashes_behind_it) return Error{ErrorCode::kDestination, "crash behind a merge"};
  destination_.writer = this;
  return {};
}

Status SimSink::find_no_other() const {
  if (destination_.defect == Defect::kWritersMixed) return {};
  if (destination_.sequence() == sequence_) return {};
  stage_.count("syncs that found another at work");
  return Error{ErrorCode::kDestinationBusy, "another sync writes to it"};
}

void SimSink::roll_back() {
  if (destination_.writer == this) destination_.writer = nullptr;
}

void SimSink::note_state(const Checkpoint& checkpoint) {
  sequence_ = checkpoint.sequence;
  log_.push_back({Entry::Kind::kState, nullptr, 0, 0, 0, {checkpoint.sequence, checkpoint.json()}});
  auto state = decode_state(log_.back().state.json);
  if (state.ok()) last_state_ = std::move(*state);
}

void SimSink::end() {
  if (!is_fivetran()) return;
  apply(has_crashed_ ? stage_.random.below(log_.size() + 1) : log_.size());
}

void SimSink::apply(size_t entries) {
  for (size_t i = 0; i < entries; ++i) apply(log_[i]);
  log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(entries));
}

void SimSink::apply(const Entry& entry) {
  if (entry.kind == Entry::Kind::kState) return apply_state(entry);
  if (entry.kind == Entry::Kind::kFinish) return apply_finish(entry);
  if (entry.kind == Entry::Kind::kTruncate) return apply_truncate(entry);
  DestinationRow& row = destination_.tables[entry.run->table][entry.id];
  stage_.checker.row_arrives(entry.run->table, entry.id, row.value, entry.value);
  row = {entry.value, entry.synced_us, false, entry.run->key_columns};
}

void SimSink::apply_truncate(const Entry& entry) {
  const std::string& name = entry.run->table;
  for (auto& [id, row] : destination_.tables[name]) row.is_deleted = true;
  // The last state before it is kept at least.
  auto& states = destination_.states;
  const auto is_lost = [&](const auto& state) { return state && tells_of(*state, name); };
  const auto handed = states.begin() + static_cast<std::ptrdiff_t>(destination_.handed);
  destination_.handed -= static_cast<size_t>(std::count_if(states.begin(), handed, is_lost));
  states.erase(std::remove_if(states.begin(), states.end() - 1, is_lost), states.end() - 1);
}

void SimSink::apply_finish(const Entry& entry) {
  finished_.push_back(entry.run);
  if (entry.run->kind != RunKind::kIncremental) floors_.erase(entry.run->table);
  if (is_fivetran() || !entry.run->sweeps) return;
  for (auto& [id, row] : destination_.tables[entry.run->table]) {
    if (row.is_deleted || row.synced_us >= entry.synced_us) continue;
    row.is_deleted = true;
    stage_.count("rows marked deleted");
    stage_.checker.row_is_swept(*entry.run, id);
  }
}

void SimSink::apply_state(const Entry& entry) {
  auto& states = destination_.states;
  if (!is_fivetran()) states.clear();
  states.emplace_back(entry.state);
  destination_.floors = floors_;
  // Tables are made in the transaction of the first commit behind them.
  for (const std::string& table : std::exchange(created_, {})) {
    destination_.tables.try_emplace(table);
    if (is_fivetran()) continue;
    destination_.keys.try_emplace(table, runs_.at(table)->key_columns);
    std::erase_if(destination_.copies,
                  [&](const auto& copy) { return tells_of(copy.state, table); });
  }
  stage_.checker.state_is_saved(entry.state.json, destination_.tables);
  for (const auto& run : std::exchange(finished_, {})) {
    stage_.count("runs completed");
    stage_.checker.run_is_complete(*run, destination_.tables[run->table]);
  }
}

}  // namespace ringsync::simulation
