// SyncEngine: one sync of a keyspace. Keeps every table's reads going, delivers their pages in
// order and decides what follows a table's end or a failure. The middle of the data path: source ->
// sink. Thread rule: run() is the delivering thread; request_stop() and snapshot() may come from
// any.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "sink/sink.h"
#include "source/source.h"
#include "sync/checkpointer.h"
#include "sync/opening.h"
#include "sync/options.h"
#include "sync/progress.h"
#include "sync/scan_set.h"
#include "sync/summary.h"
#include "sync/table_run.h"
#include "sync/throttle.h"

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
  Status prepare();
  Status read_tables();
  /// The sync ends: the next one leaves a table alone only where this one was cut off.
  void forget_done_tables();
  Status take_event();
  Result<SyncSummary> summarise();

  void start_scans();
  bool start_next_work();
  ReadSetting read_setting() const;

  Status on_event(PipelineEvent event);
  Status on_probe_page(ActiveScan& scan, ScanId id, EncodedRows rows);
  Status on_size_probe(ActiveScan probe);
  Status on_window_probe(ActiveScan probe);
  Status on_page(ActiveScan& scan, ScanId id, const EncodedRows& rows);
  Status begin_table(TableRun& table);
  Status deliver(TableRun& table, ScanWork& work, const EncodedRows& rows);
  Status deliver_probe(ActiveScan& probe);
  Status on_scan_end(TableRun& table, const ScanWork& work);
  Status end_table_if_read(TableRun& table);
  Status finish_table(TableRun& table);
  Status on_failed_scan(ActiveScan scan, const Error& error);
  void on_failure(ActiveScan scan, const Error& error);
  bool gives_up_index(const ActiveScan& scan, const Error& error);
  void retry(ActiveScan scan, const Error& error);
  /// Fails the table of a scan that has got nowhere for too long, or all tables.
  void give_up(const ActiveScan& scan, int64_t now_ms);
  /// The same of scans that wait for an answer when their time is over.
  void give_up_overdue();
  /// Why the scan is given up, with its range and the table's others that are in trouble.
  std::string told_ranges(const ActiveScan& scan, int64_t now_ms) const;
  void fail_table(TableRun& table, const Error& error);
  void fail_all(const Error& error);
  void publish(bool always);

  Source& source_;
  Sink& sink_;
  const Clock& clock_;
  const SyncOptions options_;
  std::mt19937_64 random_;
  std::atomic<bool> stop_requested_{false};

  OpenedSync sync_;
  ScanSet scans_;
  Throttle throttle_;
  Checkpointer checkpointer_;
  int64_t retry_logged_ms_ = 0;
  bool source_lost_ = false;
  int64_t began_ms_ = 0;
  int64_t last_page_ms_ = 0;
  int64_t published_ms_ = 0;

  mutable std::mutex snapshot_mutex_;
  ProgressSnapshot snapshot_;
};

}  // namespace ringsync
