#include "source/scylla/partition_key.h"

#include <gtest/gtest.h>

#include <string>

namespace ringsync {
namespace {

using Octets = std::vector<uint8_t>;

TEST(PartitionKey, OneCellIsItsOwnBytes) {
  EXPECT_EQ(serialized_partition_key({as_bytes("UA")}), (Octets{'U', 'A'}));
}

TEST(PartitionKey, SeveralCellsCarryTheirLengthAndAZeroByte) {
  const Octets flight = {0, 0, 6, 0x09};
  EXPECT_EQ(serialized_partition_key({as_bytes("UA"), flight}),
            (Octets{0, 2, 'U', 'A', 0, 0, 4, 0, 0, 6, 0x09, 0}));
}

TEST(PartitionKey, EmptyAndLongCellsKeepTheirLengths) {
  const std::string long_cell(300, 'x');
  const Octets key = serialized_partition_key({as_bytes(""), as_bytes(long_cell)});
  ASSERT_EQ(key.size(), 3u + 3u + 300u);
  EXPECT_EQ(Octets(key.begin(), key.begin() + 5), (Octets{0, 0, 0, 1, 44}));
  EXPECT_EQ(key.back(), 0);
}

}  // namespace
}  // namespace ringsync
