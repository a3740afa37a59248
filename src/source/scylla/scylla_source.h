// The source port over the driver bridge: Cassandra and ScyllaDB clusters. First on the data path:
// pages of result bytes come from here. Only this folder knows the driver.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "source/scylla/page_trace.h"
#include "source/source.h"

namespace ringsync {

/// How far a node's certificate is checked: a trusted chain, a trusted chain that names the node's
/// IP address too, or nothing.
enum class TlsVerify : uint8_t { kCa, kFull, kNone };

struct TlsOptions {
  TlsVerify verify = TlsVerify::kCa;
  std::string ca_file;    // PEM; empty: the system's own authorities
  std::string cert_file;  // PEM; with key_file where the cluster asks for a client certificate
  std::string key_file;
};

struct ContactPoint {
  std::string host;  // a name, or an IPv4 or IPv6 address without brackets
  uint16_t port = 9042;
};

struct ScyllaOptions {
  std::vector<ContactPoint> contact_points;
  std::string user;  // empty: no log-in is offered
  std::string password;
  std::string local_dc;  // empty: nodes of every data centre are used
  std::string keyspace;
  bool include_views = false;  // materialised views too
  std::string consistency = "LOCAL_QUORUM";
  std::optional<TlsOptions> tls;
  uint32_t connect_timeout_ms =
      5'000;  // a host; opening takes so long a host and once more at most
  uint32_t request_timeout_ms = 30'000;
  uint32_t io_threads = 1;
  uint32_t connections_per_host = 1;
  bool token_routing = true;        // ask a replica of each range; else any node of the data centre
  PageTrace* page_trace = nullptr;  // told of every page; outlives the source
};

/// Connects and finds the cluster's nodes.
/// Errors: kConfig (unknown consistency or data centre, partitioner other than Murmur3), kConnect,
/// kAuth, kTls. An unknown keyspace is an error of Source::keyspace().
Result<std::unique_ptr<Source>> open_scylla_source(const ScyllaOptions& options);

}  // namespace ringsync
