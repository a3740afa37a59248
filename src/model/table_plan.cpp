#include "model/table_plan.h"

namespace ringsync {

std::string_view to_string(SyncMode mode) {
  return mode == SyncMode::kTimestamp ? "timestamp" : "full";
}

std::string_view to_string(RunKind run) {
  switch (run) {
    case RunKind::kFirst: return "first";
    case RunKind::kIncremental: return "incremental";
    case RunKind::kFull: return "full";
  }
  return "full";
}

Table TablePlan::table_read() const {
  Table read = table;
  if (unsent_cursor) read.columns.push_back(*unsent_cursor);
  return read;
}

}  // namespace ringsync
