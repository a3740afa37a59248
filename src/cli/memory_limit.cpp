#include "cli/memory_limit.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace ringsync {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

// Made ahead: there is no memory left when they are wanted.
std::string g_line;
int g_exit_code = 0;

// As Rust's threads have. Stacks count as a whole, and a sync has two threads of the default size,
// which is 8 MiB most often.
constexpr size_t kStackBytes = size_t{2} << 20;

void shrink_stacks() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

/// Rust, gRPC and C++ each abort where they get no memory, and malloc's errno still stands then.
/// Anything else that aborts does so as ever, once this has returned.
void end_without_memory(int /*signal*/) {
  if (errno != ENOMEM) return;
  // If nobody reads it the exit code is all there is to tell.
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, g_line.data(), g_line.size());
  _exit(g_exit_code);
}

}  // namespace

void limit_memory(uint64_t mib, std::string line, int exit_code) {
  if (kIsSanitized) return;
  shrink_stacks();
  g_line = std::move(line);
  g_exit_code = exit_code;
  // Rust's backtrace would need memory, and lose malloc's errno.
  setenv("RUST_BACKTRACE", "0", 1);
  struct sigaction action {};
  action.sa_handler = end_without_memory;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGABRT, &action, nullptr);
  rlimit limit{};
  getrlimit(RLIMIT_DATA, &limit);
  // RLIM_INFINITY is larger than all.
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, mib << 20);
  limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
  setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace ringsync
