#include "source/scylla/partition_key.h"

namespace ringsync {

std::vector<uint8_t> serialized_partition_key(const std::vector<Bytes>& cells) {
  size_t size = 0;
  for (const Bytes cell : cells) size += cell.size() + 3;
  std::vector<uint8_t> key;
  key.reserve(size);
  for (const Bytes cell : cells) {
    if (cells.size() > 1) {
      key.push_back(static_cast<uint8_t>(cell.size() >> 8));
      key.push_back(static_cast<uint8_t>(cell.size()));
    }
    key.insert(key.end(), cell.begin(), cell.end());
    if (cells.size() > 1) key.push_back(0);
  }
  return key;
}

}  // namespace ringsync
