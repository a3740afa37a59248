// The bytes of a partition key that a server hashes. Once a page, for the token of its last row.
// Thread rule: a pure function.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace ringsync {

/// A key of one cell is the cell's bytes. A key of several is, for each cell, its length as a
/// big-endian 16-bit number, its bytes and a zero byte (Cassandra's CompositeType). The server
/// allows no cell of 65,536 bytes or more in a key.
std::vector<uint8_t> serialized_partition_key(const std::vector<Bytes>& cells);

}  // namespace ringsync
