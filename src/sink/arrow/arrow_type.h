// Which Arrow type a CQL type becomes (docs/types.md).
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/cql_type.h"

namespace ringsync {

enum class ArrowKind : uint8_t {
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat,
  kDouble,
  kBoolean,
  kTimestamp,  // microseconds, UTC
  kDate,       // days, int32
  kTime,       // nanoseconds of the day, int64
  kUuid,       // 16 fixed bytes, extension arrow.uuid
  kText,       // UTF-8
  kBinary,
  kDecimal128,     // precision, scale
  kJson,           // UTF-8 that holds a JSON value, extension arrow.json
  kList,           // children: element
  kStruct,         // children: its fields
  kMap,            // children: key, value
  kFixedSizeList,  // children: element; list_size
};

struct ArrowField;

/// An Arrow type as a plain value.
struct ArrowType {
  ArrowType();
  // Implicit by design: most types are their kind alone.
  ArrowType(ArrowKind of_kind);

  ArrowKind kind = ArrowKind::kText;
  int32_t precision = 0;             // kDecimal128: digits in all, 1 to 38
  int32_t scale = 0;                 // kDecimal128: digits behind the point, 0 to precision
  int32_t list_size = 0;             // kFixedSizeList: elements
  std::vector<ArrowField> children;  // of nested kinds

  bool operator==(const ArrowType& other) const;
};

/// A column of a record batch, or a child of a nested type.
struct ArrowField {
  std::string name;
  ArrowType type;

  bool operator==(const ArrowField&) const = default;
};

/// The Arrow kind of a scalar CQL type, or nothing where the type is nested or unknown.
std::optional<ArrowKind> scalar_arrow_kind(TypeKind kind);

}  // namespace ringsync
