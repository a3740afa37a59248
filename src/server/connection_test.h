// RPC Test: the tests that the set-up form offers, each of which goes one step further than the one
// before it. Thread rule: may be called from any thread; blocks while it connects and reads.
#pragma once

#include <grpcpp/support/status.h>

#include "proto/source_connector.pb.h"

namespace ringsync {

/// Runs the test that the request names. What is wrong with the configuration or the cluster is a
/// failure in the response: what happened, where, and what to do. INVALID_ARGUMENT where there is
/// no such test.
grpc::Status run_connection_test(const fivetran_sdk::v2::TestRequest& request,
                                 fivetran_sdk::v2::TestResponse& response);

}  // namespace ringsync
