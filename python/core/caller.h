// Caller: the Python thread that called into the module, while a thread of ours does the work. It
// runs what needs Python, looks out for Ctrl-C, and holds the GIL for no longer than that.
#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/result.h"
#include "python/core/errors.h"

namespace ringsync::python {

/// How often a waiting caller looks for signals.
inline constexpr auto kSignalInterval = std::chrono::milliseconds(50);

/// Throws what a signal's handler raised, KeyboardInterrupt most often. With the GIL, and to any
/// effect in Python's main thread only.
void check_signals();

/// Whether this is Python's main thread. Needs no GIL, once note_main_thread() was called with it.
bool is_main_thread();
void note_main_thread();

/// Thread rule: serve() is called by the Python thread, with the GIL; run() and end() by the thread
/// that works for it.
class Caller {
 public:
  /// Has `work` done by the Python thread, with the GIL, and waits for it. kCancelled where Python
  /// raised an exception, then or before, or is interrupted: the caller wants no more.
  Status run(std::function<void()> work);
  /// The working thread is at its end.
  void end();

  /// Does what run() is given until end(), and `between` as often as it looks for signals. An
  /// exception of either calls `stop`, once, waits for end() for a while, and is thrown.
  void serve(const std::function<void()>& between, const std::function<void()>& stop);

 private:
  /// Waits without the GIL. Returns the work to be done, if there is any.
  std::function<void()> next_work();
  void answer(Status outcome);
  void close();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;
  std::optional<Status> answer_;
  bool is_closed_ = false;
  bool has_ended_ = false;
};

/// Runs `work` on a thread of its own while the calling one looks out for signals, without the GIL.
/// What it needs it must own: where a signal's handler raises, the thread is left to itself.
template <typename T>
Result<T> run_interruptibly(std::function<Result<T>()> work) {
  struct Shared {
    Caller caller;
    std::optional<Result<T>> result;
  };
  const auto shared = std::make_shared<Shared>();
  std::thread([shared, work = std::move(work)]() mutable {
    shared->result = guarded(work);
    work = nullptr;
    shared->caller.end();
  }).detach();
  shared->caller.serve([] {}, [] {});
  return std::move(*shared->result);
}

}  // namespace ringsync::python
