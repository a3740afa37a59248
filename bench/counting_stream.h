// CountingStream: where Fivetran's messages go that nobody wants.
#pragma once

#include <cstdint>

#include "sink/fivetran/wire_message.h"

namespace ringsync::bench {

/// Counts the bytes of what it gets and keeps nothing.
class CountingStream final : public WireStream {
 public:
  Status write(WireMessage message) override {
    bytes += message.size();
    return {};
  }

  uint64_t bytes = 0;
};

}  // namespace ringsync::bench
