#include "cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "cli/exit_codes.h"

namespace ringsync {
namespace {

std::atomic<SyncEngine*> g_engine{nullptr};
std::atomic<bool> g_asked{false};
static_assert(std::atomic<SyncEngine*>::is_always_lock_free, "used in a signal handler");

// Only async-signal-safe calls: atomics and _exit (signal-safety(7)). The engine logs the request.
void on_signal(int) {
  SyncEngine* engine = g_engine.load();
  if (engine == nullptr || g_asked.exchange(true)) _exit(kExitInterrupted);
  engine->request_stop();
}

void set_handler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard(SyncEngine& engine) {
  g_asked = false;
  g_engine = &engine;
  set_handler(on_signal);
}

InterruptGuard::~InterruptGuard() {
  set_handler(SIG_DFL);
  g_engine = nullptr;
}

}  // namespace ringsync
