// What it costs to read what is past a bound: by an index, window after window, or by one scan that
// filters the whole table. Estimates that choose between the two; pure functions.
#pragma once

#include <cstdint>

#include "plan/splits.h"

namespace ringsync {

/// Seconds, as measured with Cassandra 5.0 and the client on one machine of 2 cores: a table of
/// 337,000 rows was filtered in 0.385 s, and a window read by a storage-attached index took 0.030
/// s. Only their relations count, and they move less from machine to machine than the figures do.
struct ReadCosts {
  /// A page by index: the server begins its search anew for each.
  double index_page_s = 0.030;
  /// Each range of the ring is asked in turn for a page that the ranges before it did not fill. Not
  /// measured on a large cluster: an assumption that makes many ranges dearer, as they are.
  double index_range_s = 0.0002;
  /// A row that an index leads to is fetched by itself; one that a scan passes lies beside the
  /// last. Pages of 5,000 and 2,908 rows of a table of 2 million took 0.163 and 0.092 s.
  double index_row_s = 30e-6;
  double scan_row_s = 0.385 / 337'000;
  /// A scan asks for each split at least once.
  double scan_split_s = 0.002;
};

/// The cluster as far as the choice needs it.
struct ClusterShape {
  uint64_t ring_ranges = 1;  // token ranges of the ring
  uint32_t node_count = 1;   // nodes filter their parts of a scan at the same time
};

/// Reading `rows` rows in `windows` windows, one after another.
double index_read_seconds(uint64_t windows, double rows, uint32_t page_rows, ClusterShape cluster,
                          const ReadCosts& costs = {});

/// Filtering the whole table once.
double scan_read_seconds(TableEstimate table, ClusterShape cluster, const ReadCosts& costs = {});

}  // namespace ringsync
