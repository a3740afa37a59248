// A sync for the Connector SDK: the engine on a thread of its own, the calling Python thread
// serving it. With the GIL only.
#pragma once

#include <nanobind/nanobind.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "front/fivetran_state.h"
#include "python/core/sdk_sink.h"
#include "sync/summary.h"

namespace ringsync::python {

struct SyncWish {
  FivetranState state;
  std::vector<std::string> resync;  // tables to be read anew
};

/// Called now and then while the sync runs: to hand on log lines, and how far it has come where
/// that has not been told for a while.
using Between = std::function<void(const std::optional<std::string>& progress)>;

/// Runs a sync to its end. Raises the exception of an error that lets no table go on, and what an
/// operation or a signal's handler raised; rows since the last checkpoint are then read again by
/// the next sync.
SyncSummary run_sync(Configuration configuration, SyncWish wish, Operations operations,
                     const Between& between);

}  // namespace ringsync::python
