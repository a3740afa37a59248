// ScanSet: the scans under way and those to be tried again later. Starts them at the scanner and
// gives back their pages in order. Between the engine and the source. Delivering thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "source/source.h"
#include "sync/flow_control.h"
#include "sync/options.h"
#include "sync/page_pipeline.h"
#include "sync/table_run.h"
#include "sync/throttle.h"

namespace ringsync {

struct ActiveScan {
  TableRun* table = nullptr;
  ScanWork work;
  std::vector<EncodedRows> probe_pages;  // of a probe: counted once it is known what they tell
  int64_t started_ms = 0;                // steady
};

/// Pages that a probe asks for at most.
uint32_t probe_page_limit(ScanPurpose purpose);

/// What the pages of a probe tell of the size of what they are a part of.
TableEstimate estimate_from(const std::vector<EncodedRows>& pages);

/// What reads are planned by, as the flow is now. `ring` outlives it.
ReadSetting read_setting(const SyncOptions& options, const Ring& ring, const FlowControl& flow);

class ScanSet {
 public:
  /// Both outlive it.
  ScanSet(const SyncOptions& options, const Clock& clock) : options_(options), clock_(clock) {}

  Status open(Source& source, const Ring& ring);
  /// Ends everything: no page comes any more.
  void close() { pipeline_.reset(); }

  const FlowControl& flow() const { return *flow_; }
  bool has_room() const { return scans_.size() < flow_->in_flight(); }
  bool is_empty() const { return scans_.empty() && retries_.empty(); }

  void start(TableRun& table, ScanWork work) { start(table, std::move(work), false); }
  /// Pages come without rows.
  void start_estimate(TableRun& table, ScanWork work) { start(table, std::move(work), true); }
  /// True where a scan that is to be tried again comes before one that has not failed. Those that
  /// fail may take as long as a time-out each: they get every second place, and half of all.
  bool retries_first() const;
  /// Starts one of the scans whose time to be tried again has come, if there is one.
  bool start_due_retry();
  void retry_later(TableRun& table, ScanWork work, int64_t delay_ms);
  /// Forgets the scans of a table, those to be tried again too.
  void drop(const TableRun& table);

  /// Ranges of a table's scans that have failed and got no further since.
  std::vector<TokenRange> failing(const TableRun& table) const;
  /// A copy of a scan that still waits for an answer when its time to be tried again is over, if
  /// there is one.
  std::optional<ActiveScan> overdue(int64_t now_ms) const;

  /// Null where the scan was ended or dropped. Valid until scans start or end.
  ActiveScan* find(ScanId id);
  /// Ends a scan.
  ActiveScan take(ScanId id);

  /// The next page or failure in order; nothing when there is something else to do.
  Result<std::optional<PipelineEvent>> next();

  void on_page();
  void on_overload();

 private:
  struct Retry {
    int64_t due_ms = 0;
    TableRun* table = nullptr;
    ScanWork work;
  };

  void start(TableRun& table, ScanWork work, bool only_estimate);
  ScanRequest request(const TableRun& table, const ScanWork& work) const;
  int64_t wait_ms() const;

  const SyncOptions& options_;
  const Clock& clock_;
  std::optional<FlowControl> flow_;
  std::unique_ptr<Scanner> scanner_;
  std::unique_ptr<PagePipeline> pipeline_;  // ends before the scanner it reads
  std::unordered_map<ScanId, ActiveScan> scans_;
  std::vector<Retry> retries_;
  bool retried_last_ = false;  // the last scan started was one that had failed
  ScanId next_id_ = 1;
};

}  // namespace ringsync
