#include "server/listener.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/log.h"

namespace ringsync {
namespace {

// Who connects again and again costs no more than so many looks a second.
constexpr int64_t kSweepMs = 10;
// Where there is no descriptor left the connection stays in the queue, and would be met at once.
constexpr int kPauseMs = 100;
constexpr int64_t kWarnMs = 60'000;

Error cannot(const std::string& why) {
  return {ErrorCode::kListen, why + "; name another address or port with --address or --port"};
}

std::string reason(int number) { return std::generic_category().message(number); }

void set_option(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

/// With a port of 0 replaced; null where the family is none that has ports.
in_port_t* port_of(sockaddr* address) {
  if (address->sa_family == AF_INET) return &reinterpret_cast<sockaddr_in*>(address)->sin_port;
  if (address->sa_family == AF_INET6) return &reinterpret_cast<sockaddr_in6*>(address)->sin6_port;
  return nullptr;
}

/// A listening socket, or the error's number, negative.
int listening_socket(const addrinfo& found, bool takes_ipv4_too, int user_timeout_ms) {
  const int made = socket(found.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -errno;
  set_option(made, SOL_SOCKET, SO_REUSEADDR, 1);  // after a server that has just ended
  if (found.ai_family == AF_INET6) {
    set_option(made, IPPROTO_IPV6, IPV6_V6ONLY, takes_ipv4_too ? 0 : 1);
  }
  // Connections inherit these.
  set_option(made, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(made, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms);
  if (bind(made, found.ai_addr, found.ai_addrlen) == 0 && listen(made, SOMAXCONN) == 0) return made;
  const int failure = errno;
  close(made);
  return -failure;
}

uint16_t bound_port(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (getsockname(socket, generic, &length) != 0) return 0;
  const in_port_t* const port = port_of(generic);
  return port == nullptr ? 0 : ntohs(*port);
}

/// What tells a socket from a later one with the same descriptor; 0 where the descriptor is closed.
ino_t identity(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(const std::string& address, uint16_t port,
                                                 int user_timeout_ms) {
  std::unique_ptr<Listener> listener(new Listener(user_timeout_ms));
  listener->port_ = port;
  listener->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  RINGSYNC_TRY(listener->listen_on(address.empty() ? "::" : address));
  // A machine without IPv6.
  if (listener->sockets_.empty() && address.empty()) RINGSYNC_TRY(listener->listen_on("0.0.0.0"));
  if (listener->sockets_.empty()) return cannot("the address is not this machine's");
  return listener;
}

Status Listener::listen_on(const std::string& address) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int failed = getaddrinfo(address.c_str(), nullptr, &hints, &list); failed != 0) {
    return cannot(gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, freeaddrinfo);
  for (const addrinfo* found = list; found != nullptr; found = found->ai_next) {
    in_port_t* const port = port_of(found->ai_addr);
    if (port == nullptr) continue;
    *port = htons(port_);
    const int made = listening_socket(*found, address == "::", user_timeout_ms_);
    if (made == -EAFNOSUPPORT || made == -EADDRNOTAVAIL) continue;
    if (made < 0) return cannot(reason(-made));
    sockets_.push_back(made);
    port_ = bound_port(made);
  }
  return {};
}

Listener::~Listener() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    // A failure is impossible on an eventfd that nobody else writes to.
    [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
    thread_.join();
  }
  for (const int socket : sockets_) close(socket);
  if (wake_ >= 0) close(wake_);
}

void Listener::start(Taker taker) {
  taker_ = std::move(taker);
  thread_ = std::thread([this] { work(); });
}

void Listener::work() {
  std::vector<pollfd> polled{{wake_, POLLIN, 0}};
  for (const int socket : sockets_) polled.push_back({socket, POLLIN, 0});
  for (;;) {
    poll(polled.data(), polled.size(), -1);
    if (polled.front().revents != 0) return;
    for (size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents != 0) take(polled[i].fd);
    }
  }
}

void Listener::take(int socket) {
  const int connection = accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      warn(fmt::format("a connection waits: {}", reason(errno)));
      pause();
    }
    return;  // else the client has gone meanwhile
  }
  if (!has_room()) {
    close(connection);
    warn(fmt::format("connections are refused: {} are open", kConnectionsMax));
    return;
  }
  open_[connection] = identity(connection);
  taker_(connection);
}

void Listener::pause() {
  pollfd wake{wake_, POLLIN, 0};
  poll(&wake, 1, kPauseMs);
}

bool Listener::has_room() {
  if (open_.size() < kConnectionsMax) return true;
  const int64_t now_ms = SystemClock().steady_ms();
  if (now_ms - swept_ms_ < kSweepMs) return false;
  swept_ms_ = now_ms;
  // gRPC does not tell when it closes one.
  std::erase_if(open_, [](const auto& held) { return identity(held.first) != held.second; });
  return open_.size() < kConnectionsMax;
}

/// At most once a minute, for clients could fill the log.
void Listener::warn(const std::string& what) {
  const int64_t now_ms = SystemClock().steady_ms();
  if (warned_ms_ != 0 && now_ms - warned_ms_ < kWarnMs) return;
  warned_ms_ = now_ms;
  log_warning("{}", coded_text({ErrorCode::kBusy, what}));
}

}  // namespace ringsync
