// Checkpointer: when the state goes to the sink, and what it is then. Delivering thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "sink/sink.h"
#include "sync/opening.h"
#include "sync/options.h"
#include "sync/state_codec.h"

namespace ringsync {

class Checkpointer {
 public:
  /// All outlive it.
  Checkpointer(Sink& sink, const Clock& clock, const SyncOptions& options, OpenedSync& sync);

  /// Rows that may still be delivered before a checkpoint is due; at least 1.
  uint32_t rows_left() const { return options_.checkpoint_interval_rows - rows_; }
  /// Rows were delivered, inside a page whose position has not moved yet.
  void on_rows(uint32_t rows) { rows_ += rows; }
  /// A page's position has moved.
  void on_page(uint64_t bytes);

  Status take(CheckpointUrgency urgency);
  /// Rows or bytes enough since the last one.
  Status take_if_full();
  /// Time enough, where anything has moved: a scan may read for hours and bring hardly a row.
  Status take_if_old();

 private:
  /// Logs a durable checkpoint: the last one, and at most one each ten seconds.
  void tell(CheckpointUrgency urgency);
  std::string encoded_state();

  Sink& sink_;
  const Clock& clock_;
  const SyncOptions& options_;
  OpenedSync& sync_;
  StateEncoder encoder_;
  std::set<std::string> settled_;  // tables whose last state is encoded
  uint32_t rows_ = 0;
  uint64_t bytes_ = 0;
  bool moved_ = false;
  int64_t taken_ms_;
  uint64_t rows_untold_ = 0;  // since the last that was told
  int64_t told_ms_;
};

}  // namespace ringsync
