#include "plan/read_costs.h"

#include <algorithm>

namespace ringsync {

double index_read_seconds(uint64_t windows, double rows, uint32_t page_rows, ClusterShape cluster,
                          const ReadCosts& costs) {
  const double pages =
      static_cast<double>(windows) + rows / std::max(static_cast<double>(page_rows), 1.0);
  const double page_s =
      costs.index_page_s + costs.index_range_s * static_cast<double>(cluster.ring_ranges);
  return pages * page_s + rows * costs.index_row_s;
}

double scan_read_seconds(TableEstimate table, ClusterShape cluster, const ReadCosts& costs) {
  const double nodes = std::max<double>(cluster.node_count, 1);
  return costs.scan_split_s + static_cast<double>(table.rows) * costs.scan_row_s / nodes;
}

}  // namespace ringsync
