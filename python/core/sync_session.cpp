#include "python/core/sync_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "front/fivetran_types.h"
#include "front/open_source.h"
#include "front/sync_options.h"
#include "python/core/caller.h"
#include "python/core/cancellable_source.h"
#include "python/core/errors.h"
#include "sync/engine.h"

namespace nb = nanobind;

namespace ringsync::python {
namespace {

/// What helps against a saved state that cannot be used.
constexpr const char* kFullResync = "Start a full re-sync of this connection in Fivetran.";

constexpr auto kProgressInterval = std::chrono::seconds(10);

std::string progress_text(const ProgressSnapshot& snapshot, std::chrono::seconds taken) {
  uint64_t rows = 0;
  size_t done = 0;
  std::string reading;
  for (const TableProgress& table : snapshot.tables) {
    rows += table.rows;
    if (table.state == TablePhase::kDone) ++done;
    if (table.state != TablePhase::kReading || table.rows == 0) continue;
    reading += fmt::format("; {}: {} rows, {:.0f} % of the ring", table.name, table.rows,
                           100 * table.ring_share);
  }
  return fmt::format("{} rows in {} s, {} of {} tables done{}", rows, taken.count(), done,
                     snapshot.tables.size(), reading);
}

/// What the engine's thread works with. Shared with it: an interrupted caller may leave before it.
class Session {
 public:
  Session(Configuration configuration, std::unique_ptr<SdkSink> sink, Operations& operations)
      : configuration_(std::move(configuration)), sink_(std::move(sink)) {
    sink_->attach(caller_, operations);
  }

  void work(const SyncWish& wish) {
    outcome_ = guarded([&] { return run(wish); });
    caller_.end();
  }

  /// Any thread.
  void cancel() {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    if (source_) source_->cancel();
  }

  std::optional<ProgressSnapshot> snapshot() const {
    const std::lock_guard lock(mutex_);
    if (engine_ == nullptr) return std::nullopt;
    return engine_->snapshot();
  }

  Caller& caller() { return caller_; }
  Result<SyncSummary> take_outcome() { return std::move(*outcome_); }

 private:
  Result<SyncSummary> run(const SyncWish& wish) {
    RINGSYNC_ASSIGN(std::shared_ptr<Source> source, open_source(configuration_));
    SyncOptions options = sync_options(configuration_);
    options.state_remedy = kFullResync;
    options.column_types = [encoding = fivetran_encoding(configuration_)](const Table& table) {
      return chosen_column_types(table, encoding);
    };
    options.keeps_done_tables = true;  // a truncate comes before a table's rows
    options.import_state = wish.state.import;
    if (!wish.resync.empty()) {
      options.resync = [names = wish.resync](const std::vector<std::string>& chosen) {
        std::vector<std::string> again;
        for (const std::string& name : chosen) {
          if (std::ranges::find(names, name) != names.end()) again.push_back(name);
        }
        return Result<std::vector<std::string>>(again);
      };
    }
    begin(std::move(source), std::move(options));
    Result<SyncSummary> outcome = engine_->run();
    const std::lock_guard lock(mutex_);
    engine_.reset();
    return outcome;
  }

  void begin(std::shared_ptr<Source> source, SyncOptions options) {
    const std::lock_guard lock(mutex_);
    source_.emplace(std::move(source));
    if (is_cancelled_) source_->cancel();
    engine_ = std::make_unique<SyncEngine>(*source_, *sink_, clock_, std::move(options));
  }

  const Configuration configuration_;
  const std::unique_ptr<SdkSink> sink_;
  const SystemClock clock_;
  Caller caller_;
  mutable std::mutex mutex_;  // of what comes and goes while the caller looks
  bool is_cancelled_ = false;
  std::optional<CancellableSource> source_;
  std::unique_ptr<SyncEngine> engine_;
  std::optional<Result<SyncSummary>> outcome_;
};

}  // namespace

SyncSummary run_sync(Configuration configuration, SyncWish wish, Operations operations,
                     const Between& between) {
  auto sink = std::make_unique<SdkSink>(fivetran_encoding(configuration), wish.state.own);
  const auto session =
      std::make_shared<Session>(std::move(configuration), std::move(sink), operations);
  std::thread([session, wish = std::move(wish)] { session->work(wish); }).detach();
  const auto began = std::chrono::steady_clock::now();
  auto told = began;
  const auto tell = [&] {
    std::optional<std::string> progress;
    const auto now = std::chrono::steady_clock::now();
    if (now - told >= kProgressInterval) {
      told = now;
      if (const auto snapshot = session->snapshot()) {
        progress =
            progress_text(*snapshot, std::chrono::duration_cast<std::chrono::seconds>(now - began));
      }
    }
    between(progress);
  };
  session->caller().serve(tell, [&] { session->cancel(); });
  between(std::nullopt);
  return value_or_raise(session->take_outcome());
}

}  // namespace ringsync::python
