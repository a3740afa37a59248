#include "cql/nested_reader.h"

namespace ringsync {

std::optional<size_t> vector_element_size(const CqlType& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return 1;
    case TypeKind::kInt:
    case TypeKind::kFloat: return 4;
    case TypeKind::kBigint:
    case TypeKind::kDouble:
    case TypeKind::kTimestamp: return 8;
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid: return 16;
    case TypeKind::kVector: {
      const auto element = vector_element_size(type.children[0]);
      if (!element) return std::nullopt;
      return *element * type.dimensions;
    }
    default: return std::nullopt;
  }
}

}  // namespace ringsync
