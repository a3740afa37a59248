#include "cli/sync_command.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/process_usage.h"
#include "cli/interrupt.h"
#include "cli/open_sink.h"
#include "cli/output_files.h"
#include "cli/progress_display.h"
#include "cli/repeat.h"
#include "cli/standard_streams.h"
#include "cli/state_mirror.h"
#include "cli/summary.h"
#include "config/table_filter.h"
#include "front/open_source.h"
#include "front/sync_options.h"
#include "sync/engine.h"

namespace ringsync {
namespace {

constexpr auto kProgressInterval = std::chrono::milliseconds(150);

/// Shows the engine's snapshots from a thread of its own until it ends.
class ProgressThread {
 public:
  ProgressThread(const SyncEngine& engine, const Arguments& arguments)
      : engine_(engine),
        display_(make_progress_display(arguments.progress, arguments.log_format)),
        thread_([this] { work(); }) {}
  ~ProgressThread() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    wake_.notify_one();
    thread_.join();
    display_->end(engine_.snapshot());
  }
  ProgressThread(const ProgressThread&) = delete;
  ProgressThread& operator=(const ProgressThread&) = delete;

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kProgressInterval, [this] { return ended_; })) {
      display_->show(engine_.snapshot());
    }
  }

  const SyncEngine& engine_;
  std::unique_ptr<ProgressDisplay> display_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace

SyncOptions sync_options(const Configuration& configuration, const Arguments& arguments) {
  SyncOptions options = sync_options(configuration);
  if (!arguments.resync.empty()) {
    options.resync = [patterns = arguments.resync](const std::vector<std::string>& chosen) {
      return tables_fitting(patterns, "--resync", chosen);
    };
  }
  if (arguments.state_path) {
    options.on_durable_state = [path = *arguments.state_path](const std::string& json) {
      return write_state_mirror(path, json);
    };
  }
  return options;
}

namespace {

/// The file first: it shall be there whatever becomes of standard output.
Status write_summary(const SyncSummary& summary, const Arguments& arguments) {
  if (arguments.summary_json_path) {
    RINGSYNC_TRY(write_summary_json(summary, *arguments.summary_json_path));
  }
  // The sync is done and safe: its exit code counts, and with --every the next one.
  const Status printed = print_output(summary_text(summary));
  if (!printed) log_warning("the summary: {}", coded_text(printed.error()));
  return {};
}

/// One sync, from open connections to the summary. Nothing is kept from the round before, so that
/// each finds the cluster and the destination as they are.
Result<ExitCode> run_round(const Arguments& arguments, const Configuration& configuration,
                           const Clock& clock) {
  std::unique_ptr<PageTrace> trace;
  if (arguments.page_trace_path) {
    RINGSYNC_ASSIGN(trace, PageTrace::open(*arguments.page_trace_path, clock));
  }
  // Side by side: each log-in takes the server a tenth of a second, and the driver's library as
  // long to load. Where the destination fails, the connection is waited for all the same.
  auto connecting = std::async(std::launch::async, [&] {
    return open_source(configuration, {arguments.token_routing, trace.get()});
  });
  RINGSYNC_ASSIGN(const std::unique_ptr<Sink> sink, open_sink(arguments, configuration, clock));
  if (arguments.state_path) {
    RINGSYNC_ASSIGN(const std::optional<StoredState> stored, sink->load_state());
    RINGSYNC_TRY(check_state_mirror(*arguments.state_path, stored));
  }
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, connecting.get());

  SyncOptions options = sync_options(configuration, arguments);
  if (arguments.import_state_path) {
    RINGSYNC_ASSIGN(options.import_state, read_state_import(*arguments.import_state_path));
  }
  SyncEngine engine(*source, *sink, clock, std::move(options));
  const AttachedEngine attached(engine);
  auto outcome = [&] {
    const ProgressThread progress(engine, arguments);
    return engine.run();
  }();
  RINGSYNC_ASSIGN(SyncSummary summary, std::move(outcome));
  summary.process = process_usage();
  RINGSYNC_TRY(write_summary(summary, arguments));
  return exit_code(summary);
}

}  // namespace

Result<ExitCode> run_sync_command(const Arguments& arguments) {
  RINGSYNC_TRY(check_output_files(arguments));
  RINGSYNC_ASSIGN(const Configuration configuration,
                  read_configuration(arguments.configuration_path, arguments.keys));
  const SystemClock clock;
  const Interrupts interrupts;
  Arguments wanted = arguments;
  const auto round = [&] {
    auto outcome = run_round(wanted, configuration, clock);
    // What is to be read anew is known to the state now, and so is what was imported.
    if (outcome.ok()) {
      wanted.resync.clear();
      wanted.import_state_path.reset();
    }
    return outcome;
  };
  if (!arguments.every_ms) return round();
  return repeat({*arguments.every_ms, round, [&] { interrupts.begin_wait(); },
                 [&](int64_t ms) { return interrupts.wait(ms); }},
                clock);
}

}  // namespace ringsync
