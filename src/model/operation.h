// Operation: what is to become of a row in the destination.
#pragma once

#include <cstdint>

namespace ringsync {

enum class Operation : uint8_t {
  kUpsert,  // the row is as given, whether it was there or not
  kDelete,  // the row is gone from the source; only its key counts
};

}  // namespace ringsync
