#include "cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <limits>

#include "cli/exit_codes.h"

namespace ringsync {
namespace {

std::atomic<SyncEngine*> g_engine{nullptr};
std::atomic<bool> g_asked{false};
std::atomic<bool> g_waiting{false};
std::atomic<int> g_wake_fd{-1};
static_assert(std::atomic<SyncEngine*>::is_always_lock_free &&
                  std::atomic<int>::is_always_lock_free,
              "used in a signal handler");

// Only async-signal-safe calls: atomics, write and _exit (signal-safety(7)). The engine logs the
// request.
void on_signal(int) {
  SyncEngine* engine = g_engine.load();
  if (engine == nullptr && !g_waiting.load()) _exit(kExitInterrupted);
  if (g_asked.exchange(true)) _exit(kExitInterrupted);
  if (engine != nullptr) {
    engine->request_stop();
    return;
  }
  const uint64_t one = 1;
  // A failure is impossible on an eventfd that nobody else writes to.
  [[maybe_unused]] const ssize_t written = write(g_wake_fd.load(), &one, sizeof(one));
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

Interrupts::Interrupts() {
  g_asked = false;
  g_wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  set_handler(on_signal);
}

Interrupts::~Interrupts() {
  set_handler(SIG_DFL);
  close(g_wake_fd.exchange(-1));
}

void Interrupts::begin_wait() const { g_waiting = true; }

bool Interrupts::wait(int64_t ms) const {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  begin_wait();
  while (!g_asked.load()) {
    const int64_t left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now())
            .count();
    if (left <= 0) break;
    pollfd wake{g_wake_fd.load(), POLLIN, 0};
    poll(&wake, 1, static_cast<int>(std::min<int64_t>(left, std::numeric_limits<int>::max())));
  }
  g_waiting = false;
  return g_asked.load();
}

AttachedEngine::AttachedEngine(SyncEngine& engine) { g_engine = &engine; }

AttachedEngine::~AttachedEngine() {
  g_waiting = true;  // first, so that no signal comes between them
  g_engine = nullptr;
}

}  // namespace ringsync
