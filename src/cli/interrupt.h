// Ctrl-C: the first one asks the sync to end behind a durable checkpoint, a second one ends the
// program at once. SIGTERM counts the same.
#pragma once

#include "sync/engine.h"

namespace ringsync {

/// While it lives, signals go to `engine`. At most one may exist at a time.
class InterruptGuard {
 public:
  explicit InterruptGuard(SyncEngine& engine);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

}  // namespace ringsync
