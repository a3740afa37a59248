#include "python/core/caller.h"

#include <pthread.h>

namespace nb = nanobind;

namespace ringsync::python {
namespace {

/// How long an interrupted caller waits for the working thread: longer than an ordinary request.
constexpr auto kPatience = std::chrono::seconds(1);

/// threading.Thread.ident of the main thread, which CPython takes from pthread_self().
uint64_t g_main_thread = 0;

Error cancelled() { return {ErrorCode::kCancelled, "interrupted"}; }

}  // namespace

void check_signals() {
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

bool is_main_thread() { return static_cast<uint64_t>(pthread_self()) == g_main_thread; }

void note_main_thread() {
  const nb::object thread = nb::module_::import_("threading").attr("main_thread")();
  g_main_thread = nb::cast<uint64_t>(thread.attr("ident"));
}

Status Caller::run(std::function<void()> work) {
  std::unique_lock lock(mutex_);
  if (is_closed_) return cancelled();
  work_ = std::move(work);
  changed_.notify_all();
  changed_.wait(lock, [this] { return answer_.has_value(); });
  return *std::exchange(answer_, std::nullopt);
}

void Caller::end() {
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  changed_.notify_all();
}

std::function<void()> Caller::next_work() {
  const nb::gil_scoped_release release;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kSignalInterval, [this] { return work_ || has_ended_; });
  return std::exchange(work_, nullptr);
}

void Caller::answer(Status outcome) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(outcome);
  changed_.notify_all();
}

void Caller::close() {
  const nb::gil_scoped_release release;
  std::unique_lock lock(mutex_);
  is_closed_ = true;
  if (work_) {
    work_ = nullptr;
    answer_ = cancelled();
    changed_.notify_all();
  }
  changed_.wait_for(lock, kPatience, [this] { return has_ended_; });
}

void Caller::serve(const std::function<void()>& between, const std::function<void()>& stop) {
  std::exception_ptr raised;
  while (!raised) {
    std::function<void()> work = next_work();
    const bool is_idle = !work;
    try {
      if (work) work();
      check_signals();
      between();
    } catch (...) {
      raised = std::current_exception();
    }
    if (!is_idle) answer(raised ? Status(cancelled()) : Status());
    const std::lock_guard lock(mutex_);
    if (has_ended_) break;
  }
  if (!raised) return;
  stop();
  close();
  std::rethrow_exception(raised);
}

}  // namespace ringsync::python
