#include "simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source.h"

namespace ringsync::simulation {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kSkewMsMax = 20'000;
constexpr int kQuietSyncsMax = 3;

bool all_are_done(const Result<SyncSummary>& summary) {
  return summary.ok() && std::all_of(summary->tables.begin(), summary->tables.end(),
                                     [](const TableSummary& table) { return table.finished; });
}

}  // namespace

Simulation::Simulation(uint64_t seed, Defect defect)
    : defect_(defect),
      random_(seed),
      scenario_(make_scenario(random_)),
      world_(random_, clock_, scenario_.options.lag_ms + scenario_.options.overlap_ms),
      checker_(world_, scenario_) {
  destination_.compares_sequences = defect != Defect::kWritersMixed;
}

Outcome Simulation::run() {
  for (int64_t i = 0; i < scenario_.syncs && !checker_.violation(); ++i) {
    pass_time();
    sync(make_faults(random_, scenario_), Depth::kOuter);
  }
  if (!checker_.violation()) end_quietly();
  return {checker_.violation(), std::move(counts_)};
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
    ++counts_["changes of the ring"];
    world_.change_ring();
  }
  // The client's clock may step back, behind the last run's start too.
  if (random_.chance(0.3)) clock_.set_skew_ms(random_.between(-kSkewMsMax, kSkewMsMax));
  const bool is_database = scenario_.destination == DestinationKind::kDatabase;
  if (is_database && !destination_.tables.empty() && random_.chance(0.03)) {
    ++counts_["tables lost by the destination"];
    destination_.tables.erase(destination_.tables.begin());
  }
}

SyncOptions Simulation::sync_options(const SyncFaults& faults) {
  SyncOptions options = scenario_.options;
  options.seed = random_.next();
  put_into(defect_, options);
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

void Simulation::on_page(Stage& stage, SyncEngine& engine, Depth depth, uint64_t page) {
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
  if (depth == Depth::kOuter && random_.chance(faults.nested_rate)) {
    stage.count("syncs inside another");
    SyncFaults nested = make_faults(random_, scenario_);
    nested.schema_change_rate = 0;
    sync(nested, Depth::kNested);
  }
}

bool Simulation::sync(const SyncFaults& faults, Depth depth) {
  Stage stage{world_, clock_,           random_, scenario_, checker_, counts_,
              faults, clock_.true_ms(), {},      false,     {}};
  stage.count("syncs");
  SimSource source(stage);
  SimSink sink(destination_, stage);
  const auto defective_source =
      defect_ == Defect::kNone ? nullptr : with_defect(defect_, source, stage);
  const auto defective_sink =
      defect_ == Defect::kNone ? nullptr : with_defect(defect_, sink, stage);
  SyncEngine engine(defective_source ? *defective_source : source,
                    defective_sink ? *defective_sink : sink, clock_, sync_options(faults));
  uint64_t page = 0;
  stage.on_page = [&] { on_page(stage, engine, depth, ++page); };
  const auto summary = engine.run();
  sink.end();
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
  int done = 0;
  for (int i = 0; i < kQuietSyncsMax && !checker_.violation(); ++i) {
    clock_.sleep_ms(kHourMs);
    done = sync(SyncFaults{}, Depth::kOuter) ? done + 1 : 0;
    if (done < 2) continue;
    checker_.world_is_quiet(destination_.tables);
    return;
  }
  checker_.fail(invariant::kItEnds, fmt::format("{} quiet syncs did not end", kQuietSyncsMax));
}

}  // namespace ringsync::simulation
