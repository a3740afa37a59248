#include "restores.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <utility>

#include "sync/state_codec.h"

namespace ringsync::simulation {
namespace {

constexpr size_t kKeptMax = 6;

/// Puts one more among those that are kept, or in the place of one.
template <typename Kept>
void keep(Random& random, std::vector<Kept>& kept, Kept more) {
  if (kept.size() < kKeptMax) {
    kept.push_back(std::move(more));
  } else {
    kept[random.below(kKeptMax)] = std::move(more);
  }
}

}  // namespace

void Restores::happen() {
  if (random_.chance(0.05)) restore();
  if (random_.chance(0.05)) lose_state();
}

void Restores::state_is_durable(const std::string& json) {
  if (random_.chance(0.1)) {
    keep(random_, destination_.copies, {{destination_.sequence(), json}, destination_.floors});
  }
  if (random_.chance(0.02)) keep(random_, backups_, destination_);
}

void Restores::restore() {
  if (backups_.empty()) return;
  ++counts_["databases restored from an older backup"];
  auto states = std::move(destination_.states);
  destination_ = backups_[random_.below(backups_.size())];
  destination_.writer = nullptr;
  if (destination_.defect == Defect::kStateKeptApart) destination_.states = std::move(states);
  import_.reset();
}

void Restores::lose_state() {
  ++counts_["states lost by the destination"];
  // The state alone tells when the last runs began: the clock must not be behind them, however
  // wrong it was (docs/state.md).
  clock_.sleep_ms(2 * kSkewMsMax);
  destination_.states = {std::nullopt};
  destination_.floors.clear();
  import_.reset();
  if (!destination_.copies.empty() && random_.chance(0.6)) {
    import_ = copy_of_ours();
  } else if (random_.chance(0.6)) {
    import_ = copy_of_another_program();
  }
}

Import Restores::copy_of_ours() {
  const auto& [state, floors] = destination_.copies[random_.below(destination_.copies.size())];
  Import import{{"a copy", state.json}, std::nullopt, floors};
  auto own = decode_state(state.json);
  if (own.ok()) import.own = std::move(*own);
  return import;
}

Import Restores::copy_of_another_program() {
  Import import;
  std::string entries;
  const int64_t zone_s = destination_.defect == Defect::kImportedHoursLate ? 2 * 3600 : 0;
  for (int table = 0; table < 7; ++table) {
    if (random_.chance(0.3)) continue;
    const int64_t until_s = (clock_.true_ms() - random_.between(0, 12 * kHourMs)) / 1000;
    const std::string name = fmt::format("t{}", table);
    import.floors[name] = until_s * 1000;
    entries += fmt::format("{}\"{}\": {{\"last_updated_at\": \"{:%Y-%m-%d %H:%M:%S}\"}}",
                           entries.empty() ? "" : ", ", name,
                           fmt::gmtime(static_cast<std::time_t>(until_s + zone_s)));
  }
  import.document = {"another program's", "{" + entries + "}"};
  return import;
}

void Restores::import_is_tried(const Result<SyncSummary>& summary) {
  if (!summary.ok() && summary.error().code == ErrorCode::kStateImport) {
    ++counts_["states refused, since rows of theirs are missing"];
    import_.reset();
  }
  // The option is given again until there is a state.
  if (!destination_.states.back()) return;
  ++counts_[import_->own ? "states imported: older copies" : "states imported: another program's"];
  import_.reset();
}

}  // namespace ringsync::simulation
