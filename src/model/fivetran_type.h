// Which type of Fivetran's a column becomes: the two mappings of docs/types.md. What discovery
// shows and what the front doors to Fivetran send. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/cql_type.h"

namespace ringsync {

/// `type_mapping`: the original example's table, or no loss at all.
enum class TypeMapping : uint8_t { kCompatible, kLossless };

/// Types that Fivetran's protocol has and a column of Cassandra can become.
enum class FivetranKind : uint8_t {
  kBoolean,
  kInt,
  kLong,
  kDecimal,
  kFloat,
  kDouble,
  kNaiveDate,
  kUtcDatetime,
  kBinary,
  kString,
  kJson,
};

struct FivetranType {
  FivetranKind kind = FivetranKind::kString;
  DecimalSize decimal = {};  // kDecimal only

  bool operator==(const FivetranType&) const = default;
};

/// The type of a column of `type`; none for a type that Ringsync does not know. `size`: what
/// decimal_types says of a decimal or varint column; it wins over either mapping. Key columns are
/// exact in both: where the mapping would round (decimal as DOUBLE) they are STRING, and so are
/// those of nested types, as JSON text. A varint is LONG in kCompatible, also as a key: a value
/// beyond 64 bits is unrepresentable, never wrong.
std::optional<FivetranType> fivetran_type(const CqlType& type, TypeMapping mapping, bool is_key,
                                          std::optional<DecimalSize> size);

/// As Fivetran's documentation writes it: "UTC_DATETIME", "DECIMAL(10,2)".
std::string to_string(const FivetranType& type);

}  // namespace ringsync
