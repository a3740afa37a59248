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

}  // namespace ringsync
