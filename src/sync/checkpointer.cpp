#include "sync/checkpointer.h"

#include <utility>

#include "base/log.h"

namespace ringsync {
namespace {

// Some destinations store a checkpoint each thousand rows.
constexpr int64_t kToldIntervalMs = 10'000;

}  // namespace

Checkpointer::Checkpointer(Sink& sink, const Clock& clock, const SyncOptions& options,
                           OpenedSync& sync)
    : sink_(sink),
      clock_(clock),
      options_(options),
      sync_(sync),
      taken_ms_(clock.steady_ms()),
      told_ms_(taken_ms_) {}

void Checkpointer::on_page(uint64_t bytes) {
  moved_ = true;
  bytes_ += bytes;
}

std::string Checkpointer::encoded_state() {
  std::set<std::string> changed;
  for (const auto& table : sync_.tables) {
    if (table->is_open()) table->save_progress();
    const bool is_waiting = table->phase() == TablePhase::kWaiting;
    if (!is_waiting && !settled_.contains(table->name())) changed.insert(table->name());
    if (!table->is_open()) settled_.insert(table->name());
  }
  return encoder_.encode(sync_.state, changed);
}

Status Checkpointer::take(CheckpointUrgency urgency) {
  const uint32_t rows = std::exchange(rows_, 0);
  rows_untold_ += rows;
  bytes_ = 0;
  moved_ = false;
  taken_ms_ = clock_.steady_ms();
  std::string json;
  const Checkpoint checkpoint{sync_.sequence + 1, [&] { return json = encoded_state(); }};
  RINGSYNC_ASSIGN(const bool durable, sink_.checkpoint(checkpoint, urgency));
  ++sync_.sequence;
  log_debug("checkpoint {}: {} rows more, {}", sync_.sequence, rows,
            durable ? "durable" : "durable with a later one");
  if (durable) tell(urgency);
  if (durable && !json.empty() && options_.on_durable_state) {
    return options_.on_durable_state(json);
  }
  return {};
}

void Checkpointer::tell(CheckpointUrgency urgency) {
  if (urgency == CheckpointUrgency::kRoutine && taken_ms_ - told_ms_ < kToldIntervalMs) return;
  told_ms_ = taken_ms_;
  log_info("state saved: checkpoint {}, {} rows since the last such line", sync_.sequence,
           std::exchange(rows_untold_, 0));
}

Status Checkpointer::take_if_full() {
  const bool is_full =
      rows_ >= options_.checkpoint_interval_rows || bytes_ >= options_.checkpoint_bytes;
  return is_full ? take(CheckpointUrgency::kRoutine) : Status{};
}

Status Checkpointer::take_if_old() {
  const bool is_old = clock_.steady_ms() - taken_ms_ >= options_.checkpoint_interval_ms;
  return moved_ && is_old ? take(CheckpointUrgency::kRoutine) : Status{};
}

}  // namespace ringsync
