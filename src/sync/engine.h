// SyncEngine: one sync of a keyspace. Plans every table, keeps a bounded number of scans under way,
// delivers their pages in order and checkpoints. The middle of the data path: source -> sink.
// Thread rule: run() is the delivering thread; request_stop() and snapshot() may come from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sink/sink.h"
#include "source/source.h"
#include "sync/flow_control.h"
#include "sync/opening.h"
#include "sync/options.h"
#include "sync/page_pipeline.h"
#include "sync/progress.h"
#include "sync/summary.h"
#include "sync/table_run.h"

namespace ringsync {

class SyncEngine {
 public:
  /// All outlive the engine. The sink must not have been used before.
  SyncEngine(Source& source, Sink& sink, const Clock& clock, SyncOptions options);
  ~SyncEngine();

  /// Runs the sync to its end. A table that fails is named in the summary and lets the others
  /// finish; an Error is returned where none can go on: source, destination or state unusable.
  Result<SyncSummary> run();

  /// Asks for an early end behind a durable checkpoint. Async-signal-safe.
  void request_stop() { stop_requested_.store(true, std::memory_order_relaxed); }

  ProgressSnapshot snapshot() const;

 private:
  struct ActiveScan {
    TableRun* table = nullptr;
    ScanWork work;
    bool is_probe = false;
    std::vector<EncodedRows> probe_pages;
  };
  struct Retry {
    int64_t due_ms = 0;
    TableRun* table = nullptr;
    ScanWork work;
    bool is_probe = false;
  };

  Status prepare();
  Status read_tables();
  Result<SyncSummary> summarise();

  void start_scans();
  bool start_due_retry();
  bool start_next_work();
  void start_probe(TableRun& table, ScanWork work);
  void start_scan(TableRun& table, ScanWork work);
  void submit(ScanRequest request, ActiveScan scan, PagePipeline::Use use);
  void end_scan(ScanId id);
  int64_t wait_ms() const;

  Status on_event(PipelineEvent event);
  Status on_probe_page(ScanId id, EncodedRows rows);
  Status on_page(ScanId id, const EncodedRows& rows);
  Status deliver(TableRun& table, ScanWork& work, const EncodedRows& rows);
  Status on_scan_end(TableRun& table, const ScanWork& work);
  Status finish_table(TableRun& table);
  void on_failure(ScanId id, const Error& error);
  void retry(ActiveScan scan, const Error& error);
  /// `why`, with the range it befell and how many more of the table's are in trouble.
  std::string told_range(const ActiveScan& scan, const std::string& why, int64_t now_ms) const;
  bool is_hopeless(const ScanWork& work, int64_t now_ms) const;
  void fail_table(TableRun& table, const Error& error);
  void fail_all(const Error& error);
  Status checkpoint(CheckpointUrgency urgency);
  Status checkpoint_if_due();
  void publish(bool always);

  Source& source_;
  Sink& sink_;
  const Clock& clock_;
  const SyncOptions options_;
  std::mt19937_64 random_;
  std::atomic<bool> stop_requested_{false};

  OpenedSync sync_;
  std::optional<FlowControl> flow_;
  std::unique_ptr<Scanner> scanner_;
  std::unique_ptr<PagePipeline> pipeline_;  // ends before the scanner it reads
  std::unordered_map<ScanId, ActiveScan> scans_;
  std::vector<Retry> retries_;
  ScanId next_scan_id_ = 1;
  uint32_t rows_since_checkpoint_ = 0;
  uint64_t bytes_since_checkpoint_ = 0;
  bool moved_since_checkpoint_ = false;
  int64_t checkpoint_ms_ = 0;
  int64_t retry_logged_ms_ = 0;
  int64_t began_ms_ = 0;
  int64_t last_page_ms_ = 0;
  int64_t published_ms_ = 0;

  mutable std::mutex snapshot_mutex_;
  ProgressSnapshot snapshot_;
};

}  // namespace ringsync
