// Ctrl-C: the first one asks a sync to end behind a durable checkpoint, a second one ends the
// program at once. SIGTERM counts the same.
#pragma once

#include <cstdint>

#include "sync/engine.h"

namespace ringsync {

/// While it lives, SIGINT and SIGTERM are its own. At most one may exist at a time. Before an
/// engine is attached there is nothing to save, unless somebody waits: the program ends at once.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// From here to the end of the wait a signal ends the wait, not the program.
  void begin_wait() const;
  /// Waits so long; true where a signal came meanwhile, or has come before.
  bool wait(int64_t ms) const;
};

/// While it lives, the first signal goes to `engine`; behind it the first one leaves the
/// destination the time to close, and ends the next wait. Needs an Interrupts.
class AttachedEngine {
 public:
  explicit AttachedEngine(SyncEngine& engine);
  ~AttachedEngine();
  AttachedEngine(const AttachedEngine&) = delete;
  AttachedEngine& operator=(const AttachedEngine&) = delete;
};

}  // namespace ringsync
