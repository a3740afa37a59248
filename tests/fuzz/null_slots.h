// How many values a null of a type takes in Arrow's layout and in JSON: as many as its vectors have
// elements and its structs fields. The one way in which few bytes become many: the bounds on memory
// count with it.
#pragma once

#include <algorithm>
#include <cstddef>

#include "model/cql_type.h"

namespace ringsync::fuzz {

inline constexpr size_t kSlotsMax = size_t{1} << 30;

inline size_t null_slots(const CqlType& type) {
  size_t inside = 0;
  for (const CqlType& child : type.children) inside += null_slots(child);
  const size_t each = type.kind == TypeKind::kVector ? type.dimensions : 1;
  return std::min(kSlotsMax, 1 + inside * each);
}

}  // namespace ringsync::fuzz
