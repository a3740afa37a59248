#include "sink/arrow/arrow_type.h"

namespace ringsync {

// Here, where the fields inside are complete.
ArrowType::ArrowType() = default;
ArrowType::ArrowType(ArrowKind of_kind) : kind(of_kind) {}

bool ArrowType::operator==(const ArrowType& other) const {
  return kind == other.kind && precision == other.precision && scale == other.scale &&
         list_size == other.list_size && children == other.children;
}

std::optional<ArrowKind> scalar_arrow_kind(TypeKind kind) {
  switch (kind) {
    case TypeKind::kTinyint: return ArrowKind::kInt8;
    case TypeKind::kSmallint: return ArrowKind::kInt16;
    case TypeKind::kInt: return ArrowKind::kInt32;
    case TypeKind::kBigint:
    case TypeKind::kCounter: return ArrowKind::kInt64;
    case TypeKind::kFloat: return ArrowKind::kFloat;
    case TypeKind::kDouble: return ArrowKind::kDouble;
    case TypeKind::kBoolean: return ArrowKind::kBoolean;
    case TypeKind::kTimestamp: return ArrowKind::kTimestamp;
    case TypeKind::kDate: return ArrowKind::kDate;
    case TypeKind::kTime: return ArrowKind::kTime;
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid: return ArrowKind::kUuid;
    case TypeKind::kAscii:
    case TypeKind::kText:
    case TypeKind::kVarint:
    case TypeKind::kDecimal:
    case TypeKind::kInet:
    case TypeKind::kDuration: return ArrowKind::kText;
    case TypeKind::kBlob: return ArrowKind::kBinary;
    case TypeKind::kList:
    case TypeKind::kSet:
    case TypeKind::kMap:
    case TypeKind::kTuple:
    case TypeKind::kUdt:
    case TypeKind::kVector:
    case TypeKind::kCustom: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace ringsync
