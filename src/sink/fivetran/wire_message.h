// WireMessage and WireStream: messages of Fivetran's Update stream as bytes, and the port through
// which the sink sends them. What carries them (gRPC, a test) is the caller's. Thread rule: write()
// is called by the delivering thread only; a slice's owner may be let go on any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ringsync {

/// Most bytes of one message either way; Fivetran's limit is 128 MB.
inline constexpr size_t kWireMessageBytesMax = 128'000'000;

/// Bytes that live as long as `owner` (shared: whoever sends them decides when they are out).
struct WireSlice {
  Bytes bytes;
  std::shared_ptr<const void> owner;
};

/// One fivetran_sdk.v2.UpdateResponse in protobuf's wire format: `head`, then `parts`, without a
/// gap.
struct WireMessage {
  std::string head;
  std::vector<WireSlice> parts = {};

  size_t size() const {
    size_t size = head.size();
    for (const WireSlice& part : parts) size += part.bytes.size();
    return size;
  }
};

class WireStream {
 public:
  virtual ~WireStream() = default;
  /// Takes one message; returns when the next may be made, so that a client that reads slowly slows
  /// the scan. Error kCancelled once the call is over: nothing can be sent any more.
  virtual Status write(WireMessage message) = 0;
};

}  // namespace ringsync
