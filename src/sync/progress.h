// Progress of a sync while it runs: plain values that the engine fills every so often and a front
// door shows. No thread owns them: a snapshot is a copy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringsync {

enum class TablePhase : uint8_t { kWaiting, kReading, kDone, kFailed };

struct TableProgress {
  std::string name;
  TablePhase state = TablePhase::kWaiting;
  uint64_t rows = 0;            // delivered in this run
  double ring_share = 0;        // 0..1: part of the token ring read, a resumed run's start included
  double ring_share_start = 0;  // 0..1: part that earlier attempts had read; tells the time left
  int64_t reading_ms = 0;       // since the table's first scan began; 0 while it waits
};

struct ProgressSnapshot {
  std::vector<TableProgress> tables;  // the same tables in the same order in every snapshot
  int64_t elapsed_ms = 0;             // since the sync began
};

}  // namespace ringsync
