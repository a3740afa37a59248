// Which Arrow type a CQL type becomes (design: the Arrow / DuckDB column of the type table).
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>

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
};

/// The Arrow type of a scalar CQL type, or nothing where there is no encoder for the type.
std::optional<ArrowKind> arrow_kind(const CqlType& type);

}  // namespace ringsync
