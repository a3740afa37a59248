// ConnectorServer: the port on which Fivetran's service is offered, with health and reflection
// beside it. Thread rule: one owner; gRPC brings its own threads.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/connector_service.h"
#include "server/listener.h"

namespace ringsync {

struct ServerOptions {
  std::string address;  // an IPv4 or IPv6 address without brackets; empty: all of this machine's
  uint16_t port = 0;    // 0: a free one
};

class ConnectorServer {
 public:
  /// Listens at once. Error kListen where that cannot be, as where another program has the port.
  static Result<std::unique_ptr<ConnectorServer>> start(const ServerOptions& options);
  ~ConnectorServer();

  /// Where it listens, "address:port"; IPv6 addresses in brackets.
  const std::string& place() const { return place_; }

  /// Takes no more calls and has the syncs under way end behind a checkpoint; what is still there
  /// after `grace_ms` is cancelled. Returns when nothing is left.
  void drain(int64_t grace_ms);

 private:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  ConnectorServer() = default;

  std::string place_;
  ConnectorService service_;
  std::unique_ptr<Acceptor> acceptor_;  // where gRPC takes connections from
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Listener> listener_;  // ends first
};

}  // namespace ringsync
