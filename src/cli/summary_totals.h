// What a summary adds up to. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sync/summary.h"

namespace ringsync {

enum class Outcome : uint8_t { kDone, kFailed, kInterrupted };

/// "done", "failed" or "interrupted".
std::string_view outcome_name(Outcome outcome);

/// What a table failed of. Where a finished table's rows do not add up it is kInternal, a defect;
/// of a table that did not finish, pages may have been dropped on the way, which the next run reads
/// again.
std::optional<Error> error_of(const TableSummary& table);

/// A table that is neither finished nor failed is interrupted if the sync was, else failed; one
/// whose rows do not add up has failed.
Outcome table_outcome(const TableSummary& table, bool interrupted);

struct SummaryTotals {
  size_t done = 0;
  size_t failed = 0;
  uint64_t rows_read = 0;
  uint64_t rows_sent = 0;
  uint64_t rows_reported = 0;
  uint64_t rows_deleted = 0;
  uint64_t bytes = 0;
  Outcome outcome = Outcome::kDone;
};

SummaryTotals totals_of(const SyncSummary& summary);

}  // namespace ringsync
