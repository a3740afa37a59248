// How a failure is told to Fivetran: as a gRPC status, as a task for the user, or as the text of a
// connection test. Thread rule: pure functions.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringsync {

/// What helps where the saved state cannot be used.
inline constexpr std::string_view kFullResync =
    "Start a full re-sync of this connection in Fivetran.";

/// True where a sync will fail again and again until the user does something about it: log-in,
/// rights, the saved state. Fivetran stops syncing then and shows the task.
bool needs_user(ErrorCode code);

/// "error[auth]: …", what happened and, from the catalogue, what helps.
std::string failure_text(const Error& error);

/// The status that ends a call: INVALID_ARGUMENT where the request is wrong, UNAVAILABLE where the
/// same request may succeed later, RESOURCE_EXHAUSTED where the server is busy, and so on. Its
/// message is that of the error with its code, shortened to what fits the header of a response.
grpc::Status failure_status(const Error& error);

}  // namespace ringsync
