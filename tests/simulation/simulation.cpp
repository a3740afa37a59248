#include "simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source.h"

namespace ringsync::simulation {
namespace {

constexpr int kQuietSyncsMax = 3;
// Of the syncs that are crashed at every step: one into nothing, and one that builds on a state.
constexpr size_t kSyncsCrashed = 2;

bool all_are_done(const Result<SyncSummary>& summary) {
  return summary.ok() && std::all_of(summary->tables.begin(), summary->tables.end(),
                                     [](const TableSummary& table) { return table.finished; });
}

}  // namespace

Simulation::Simulation(uint64_t seed, Defect defect, std::optional<CrashPlan> crash_plan)
    : defect_(defect),
      crash_plan_(crash_plan),
      random_(seed),
      scenario_(make_scenario(random_,
                              crash_plan ? std::optional(crash_plan->destination) : std::nullopt)),
      world_(random_, clock_, scenario_.options.lag_ms + scenario_.options.overlap_ms),
      checker_(world_, scenario_),
      restores_(random_, clock_, destination_, counts_) {
  destination_.defect = defect;
  counts_["worlds"] = 1;
  counts_["worlds of several tables"] = world_.tables().size() > 1 ? 1 : 0;
}

Outcome Simulation::run() {
  while (goes_on()) {
    pass_time();
    sync(next_faults(), Place::kFirst);
  }
  std::vector<uint64_t> steps = std::exchange(steps_, {});
  if (!checker_.violation()) end_quietly();
  return {checker_.violation(), std::move(counts_), std::move(steps), has_crashed_};
}

bool Simulation::goes_on() const {
  if (checker_.violation() || has_crashed_) return false;
  return steps_.size() < (crash_plan_ ? kSyncsCrashed : static_cast<size_t>(scenario_.syncs));
}

SyncFaults Simulation::next_faults() {
  SyncFaults faults = make_faults(random_, scenario_);
  if (!crash_plan_) return faults;
  faults.crash_at.reset();
  if (crash_plan_->crash && crash_plan_->crash->sync == steps_.size()) {
    faults.crash_at = crash_plan_->crash->step;
    faults.crashes_behind_it = crash_plan_->crash->is_behind;
  }
  return faults;
}

void Simulation::pass_time() {
  const bool is_at_once = random_.chance(0.25);
  const int64_t parts = is_at_once ? 1 : random_.between(1, 4);
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t long_ms = random_.chance(0.3) ? 12 * kHourMs : kHourMs / 6;
    clock_.sleep_ms(random_.between(1, is_at_once ? 3'000 : long_ms));
    world_.settle();
    world_.change_rows(random_.below(20));
  }
  if (random_.chance(scenario_.schema_change_rate)) {
    ++counts_["changes of the schema between syncs"];
    world_.change_schema();
  }
  if (random_.chance(0.1)) {
    left_out_.reset();
    if (random_.chance(0.6)) left_out_ = random_.chance(0.5) ? "extra" : "updated_at";
  }
  if (random_.chance(0.15)) {
    ++counts_["changes of the ring between syncs"];
    world_.change_ring();
  }
  // The client's clock may step back, behind the last run's start too.
  if (random_.chance(0.3)) clock_.set_skew_ms(random_.between(-kSkewMsMax, kSkewMsMax));
  if (scenario_.destination != DestinationKind::kDatabase) return;
  restores_.happen();
  // More often where a copy of the state is to be imported, which must be refused then.
  if (random_.chance(restores_.import() == nullptr ? 0.03 : 0.2)) lose_table();
  if (random_.chance(0.4)) drop_tables_of_another_key();
}

void Simulation::lose_table() {
  if (destination_.tables.empty()) return;
  ++counts_["tables lost by the destination"];
  destination_.keys.erase(destination_.tables.begin()->first);
  destination_.tables.erase(destination_.tables.begin());
}

// As the user is told to, where a table was made anew with another key.
void Simulation::drop_tables_of_another_key() {
  std::erase_if(destination_.keys, [&](const auto& entry) {
    const auto& [name, key_columns] = entry;
    const auto table = world_.tables().find(name);
    if (table == world_.tables().end() || table->second.key_columns() == key_columns) return false;
    ++counts_["tables dropped from the destination for their new key"];
    destination_.tables.erase(name);
    return true;
  });
}

SyncOptions Simulation::sync_options(const SyncFaults& faults, const Import* import) {
  SyncOptions options = scenario_.options;
  options.seed = random_.next();
  put_into(defect_, options);
  if (import != nullptr) options.import_state = import->document;
  if (scenario_.destination == DestinationKind::kDatabase) {
    options.on_durable_state = [this](const std::string& json) {
      restores_.state_is_durable(json);
      return Status();
    };
  }
  if (left_out_) {
    options.leave_out = [name = *left_out_](const Table& table) {
      std::vector<std::string> names;
      if (table.find_column(name) >= 0) names.push_back(name);
      return Result<std::vector<std::string>>(std::move(names));
    };
  }
  if (faults.unselected) {
    options.select = [skipped = *faults.unselected](const std::vector<std::string>& found) {
      std::vector<std::string> chosen = found;
      if (skipped < chosen.size()) chosen.erase(chosen.begin() + static_cast<int64_t>(skipped));
      return Result<std::vector<std::string>>(std::move(chosen));
    };
  }
  if (faults.is_resync) {
    options.resync = [](const std::vector<std::string>& chosen) {
      return Result<std::vector<std::string>>({chosen.begin(), chosen.begin() + !chosen.empty()});
    };
  }
  return options;
}

void Simulation::on_page(Stage& stage, SyncEngine& engine, uint64_t page) {
  const SyncFaults& faults = stage.faults;
  if (faults.stop_page == page) {
    stage.count("early ends on request");
    engine.request_stop();
  }
  if (random_.chance(faults.change_rate)) {
    stage.count("changes of rows during a sync");
    world_.change_rows(random_.between(1, 3));
  }
  if (random_.chance(faults.schema_change_rate)) {
    stage.count("changes of the schema during a sync");
    world_.change_schema();
  }
  if (random_.chance(faults.ring_change_rate)) {
    stage.count("changes of the ring during a sync");
    world_.change_ring();
  }
  on_step(stage, "a page");
}

// The second sync has no second of its own.
void Simulation::on_step(const Stage& stage, const char* step) {
  if (turns_.is_under_way()) {
    if (!random_.chance(stage.faults.pass_rate)) return;
    ++counts_["turns passed between two syncs"];
    turns_.pass();
    return;
  }
  if (!random_.chance(stage.faults.second_rate)) return;
  if (stage.faults.keeps_others_out) {
    ++counts_["syncs that found the destination held"];
    return;
  }
  ++counts_["syncs beside another"];
  ++counts_[fmt::format("syncs beside another from {} on", step)];
  SyncFaults faults = make_faults(random_, scenario_);
  faults.schema_change_rate = 0;
  faults.pass_rate = stage.faults.pass_rate;
  turns_.begin([this, faults] { sync(faults, Place::kSecond); });
}

bool Simulation::sync(const SyncFaults& faults, Place place) {
  const bool is_first = place == Place::kFirst;
  const Import* import = is_first ? restores_.import() : nullptr;
  Stage stage{world_, clock_, random_, scenario_, checker_, counts_, faults, clock_.true_ms()};
  stage.count("syncs");
  stage.import = import;
  SimSource source(stage);
  SimSink sink(destination_, stage);
  const auto defective_source =
      defect_ == Defect::kNone ? nullptr : with_defect(defect_, source, stage);
  const auto defective_sink =
      defect_ == Defect::kNone ? nullptr : with_defect(defect_, sink, stage);
  SyncEngine engine(defective_source ? *defective_source : source,
                    defective_sink ? *defective_sink : sink, clock_, sync_options(faults, import));
  uint64_t page = 0;
  stage.on_page = [&] { on_page(stage, engine, ++page); };
  stage.on_step = [&](const char* step) { on_step(stage, step); };
  stage.on_wait = [&] { turns_.pass(); };
  const auto summary = engine.run();
  sink.end();
  if (is_first) {
    turns_.finish();
    steps_.push_back(sink.steps());
    has_crashed_ |= crash_plan_ && sink.has_crashed();
    if (import != nullptr) restores_.import_is_tried(summary);
  }
  checker_.sync_has_ended(summary, sink.last_state());
  count_ends(summary);
  return all_are_done(summary);
}

void Simulation::count_ends(const Result<SyncSummary>& summary) {
  if (!summary.ok()) {
    ++counts_["syncs that ended with an error"];
    return;
  }
  for (const TableSummary& table : summary->tables) {
    counts_["runs gone on with"] += table.resumed ? 1 : 0;
    counts_["runs that failed"] += table.error ? 1 : 0;
    counts_["index windows read"] += table.index_windows;
  }
}

void Simulation::end_quietly() {
  world_.settle_all(clock_);
  drop_tables_of_another_key();
  int done = 0;
  for (int i = 0; i < kQuietSyncsMax && !checker_.violation(); ++i) {
    clock_.sleep_ms(kHourMs);
    done = sync(SyncFaults{}, Place::kFirst) ? done + 1 : 0;
    if (done < 2) continue;
    checker_.world_is_quiet(destination_.tables, destination_.floors);
    return;
  }
  checker_.fail(invariant::kItEnds, fmt::format("{} quiet syncs did not end", kQuietSyncsMax));
}

}  // namespace ringsync::simulation
