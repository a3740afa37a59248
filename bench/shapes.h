// Tables of the shapes that benchmarks are made of, and pages of them as a server sends them.
// Values are drawn by the caller's generator, in the same order everywhere: a seed makes the same
// bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "model/table.h"
#include "page_builder.h"

namespace ringsync::bench {

using Random = std::mt19937_64;

struct Shape {
  std::string name;
  Table table;
  uint32_t page_rows = 5000;  // a page of about a megabyte at most, but for large cells
  std::function<void(PageBuilder&, Random&)> add_row;
};

/// flights: the New York flights' 15 columns. narrow: 2. wide: 200. scalars: one column of each
/// scalar type. nested: collections, a tuple, a user-defined type and a vector. sparse: 60 columns,
/// of whose cells nine tenths are null. large_cells: texts of 64 KiB. columns_N: like wide, of N.
const std::vector<Shape>& shapes();

std::vector<std::string> shape_names();

/// The shape, or nullptr.
const Shape* shape_named(std::string_view name);

}  // namespace ringsync::bench
