#include "server/connector_server.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <string_view>

#include "base/log.h"

namespace ringsync {
namespace {

// Fivetran's limit of a message, either way.
constexpr int kMessageBytesMax = 128 << 20;
// What has arrived of all messages that are not complete yet: beyond it gRPC lets clients send less
// and ends calls, whoever's they are. It ends only one call of each connection, so that the fewer a
// connection has, the less can come beyond it.
constexpr size_t kReceivedBytesMax = size_t{256} << 20;
// Calls at once of one connection, and threads for those that are not streams.
constexpr int kStreamsMax = 8;
constexpr int kThreadsMax = 64;
// A client whose machine is gone sends nothing; one that only reads slowly answers pings.
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// Connections without a call make room for others: after so long, and where not even HTTP/2 is
// spoken. A client whose connection ends so makes another with its next call.
constexpr int kIdleMs = 30'000;
constexpr int kHandshakeMs = 20'000;

/// gRPC's own lines, so that standard output and error hold one form only.
void log_grpc(gpr_log_func_args* line) {
  const std::string_view message(line->message);
  if (line->severity == GPR_LOG_SEVERITY_ERROR) {
    log_warning("grpc: {}", message);
  } else {
    log_debug("grpc: {}", message);
  }
}

std::string listening_place(const ServerOptions& options, int port) {
  const std::string address = options.address.empty() ? "::" : options.address;
  const bool is_ipv6 = address.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

void set_limits(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("ringsync");
  quota.SetMaxThreads(kThreadsMax);
  quota.Resize(kReceivedBytesMax);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsMax);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // gRPC gives up asking after two pings without data between them: a client that has read nothing
  // for minutes and is gone then would keep its call for good.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
}

}  // namespace

Result<std::unique_ptr<ConnectorServer>> ConnectorServer::start(const ServerOptions& options) {
  gpr_set_log_function(log_grpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  std::unique_ptr<ConnectorServer> made(new ConnectorServer);
  grpc::ServerBuilder builder;
  set_limits(builder);
  auto listener = Listener::open(options.address, options.port, kKeepaliveTimeoutMs);
  if (!listener.ok()) {
    return listener.error().within("cannot listen on " + listening_place(options, options.port));
  }
  using Builder = grpc::ServerBuilder::experimental_type;
  made->acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      Builder::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
  builder.RegisterService(&made->service_);
  made->server_ = builder.BuildAndStart();
  if (made->server_ == nullptr) return Error{ErrorCode::kInternal, "gRPC cannot start its server"};
  if (auto* health = made->server_->GetHealthCheckService()) {
    health->SetServingStatus(fivetran_sdk::v2::SourceConnector::service_full_name(), true);
  }
  made->listener_ = *std::move(listener);
  made->place_ = listening_place(options, made->listener_->port());
  made->listener_->start([acceptor = made->acceptor_.get()](int descriptor) {
    Acceptor::NewConnectionParameters connection;
    connection.fd = descriptor;
    acceptor->HandleNewConnection(&connection);
  });
  return made;
}

ConnectorServer::~ConnectorServer() { drain(0); }

void ConnectorServer::drain(int64_t grace_ms) {
  if (server_ == nullptr) return;
  listener_.reset();
  if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(false);
  service_.stop();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(grace_ms));
  service_.wait();
  server_.reset();
}

}  // namespace ringsync
