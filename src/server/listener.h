// Listener: takes connections on a port and hands them on, so many at once. gRPC's own listener
// takes as many as the process may have descriptors, and none ever again once it has met that end.
// Thread rule: one owner; connections are taken by a thread of its own.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace ringsync {

class Listener {
 public:
  /// Connections at once; what comes beyond is closed at once. Each takes some 20 KiB before it
  /// has calls.
  static constexpr size_t kConnectionsMax = 256;

  /// Is given a connection's descriptor, not blocking, which is its own from then on.
  using Taker = std::function<void(int descriptor)>;

  /// Listens at once; connections wait until start(). `address` is an address without brackets, or
  /// a name, all of whose addresses are listened on; empty: all of this machine's, IPv4 and IPv6.
  /// Port 0 takes a free one. What a client does not acknowledge for `user_timeout_ms` ends its
  /// connection. Error kListen where that cannot be, as where another program has the port on
  /// either protocol: the clause that says why.
  static Result<std::unique_ptr<Listener>> open(const std::string& address, uint16_t port,
                                                int user_timeout_ms);
  /// Listens no more. Connections that were handed on stay.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  uint16_t port() const { return port_; }

  /// `taker` is called by the listener's thread.
  void start(Taker taker);

 private:
  explicit Listener(int user_timeout_ms) : user_timeout_ms_(user_timeout_ms) {}

  Status listen_on(const std::string& address);
  void work();
  void take(int socket);
  void pause();
  bool has_room();
  void warn(const std::string& what);

  const int user_timeout_ms_;
  uint16_t port_ = 0;
  std::vector<int> sockets_;
  int wake_ = -1;
  Taker taker_;
  std::map<int, ino_t> open_;  // connections by descriptor, with what tells one from the next there
  int64_t swept_ms_ = 0;       // when those that have ended were looked for
  int64_t warned_ms_ = 0;
  std::thread thread_;
};

}  // namespace ringsync
