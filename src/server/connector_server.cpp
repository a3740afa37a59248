#include "server/connector_server.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string_view>

#include "base/log.h"

namespace ringsync {
namespace {

// Fivetran's limit of a message, either way.
constexpr int kMessageBytesMax = 128 << 20;
// What has arrived of all messages that are not complete yet: beyond it gRPC lets clients send
// less, takes no more connections and ends calls, whoever's they are. It ends only one call of each
// connection, so that the fewer a connection has, the less can come beyond it.
constexpr size_t kReceivedBytesMax = size_t{256} << 20;
// Calls at once of one connection, and threads for those that are not streams.
constexpr int kStreamsMax = 8;
constexpr int kThreadsMax = 64;
// A client whose machine is gone sends nothing; one that only reads slowly answers pings.
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;

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

Error cannot_listen(const std::string& place) {
  return {ErrorCode::kListen,
          fmt::format("cannot listen on {}: another program has the port, or the address is not "
                      "this machine's; name another with --port or --address",
                      place)};
}

/// True where another program listens on this port of any IPv6 address. gRPC is content with IPv4
/// alone then, and clients that come by IPv6 would meet the other program.
bool is_taken_on_ipv6(uint16_t port) {
  const int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;  // a machine without IPv6
  const int on = 1;
  setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // as gRPC binds
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_any;
  address.sin6_port = htons(port);
  const int bound = bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool is_taken = bound != 0 && errno == EADDRINUSE;
  close(probe);
  return is_taken;
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
  // Else two servers share a port, and each gets some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

Result<std::unique_ptr<ConnectorServer>> ConnectorServer::start(const ServerOptions& options) {
  gpr_set_log_function(log_grpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  std::unique_ptr<ConnectorServer> made(new ConnectorServer);
  grpc::ServerBuilder builder;
  set_limits(builder);
  int port = 0;
  const std::string wanted = listening_place(options, options.port);
  const bool is_on_all = options.address.empty() && options.port != 0;
  if (is_on_all && is_taken_on_ipv6(options.port)) return cannot_listen(wanted);
  builder.AddListeningPort(wanted, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&made->service_);
  made->server_ = builder.BuildAndStart();
  if (made->server_ == nullptr || port <= 0) return cannot_listen(wanted);
  if (auto* health = made->server_->GetHealthCheckService()) {
    health->SetServingStatus(fivetran_sdk::v2::SourceConnector::service_full_name(), true);
  }
  made->place_ = listening_place(options, port);
  return made;
}

ConnectorServer::~ConnectorServer() { drain(0); }

void ConnectorServer::drain(int64_t grace_ms) {
  if (server_ == nullptr) return;
  if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(false);
  service_.stop();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(grace_ms));
  service_.wait();
  server_.reset();
}

}  // namespace ringsync
