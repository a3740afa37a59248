// CqlType: the type of a column, as a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringsync {

enum class TypeKind : uint8_t {
  kAscii,
  kBigint,
  kBlob,
  kBoolean,
  kCounter,
  kDecimal,
  kDouble,
  kFloat,
  kInt,
  kTimestamp,
  kUuid,
  kText,
  kVarint,
  kTimeuuid,
  kInet,
  kDate,
  kTime,
  kSmallint,
  kTinyint,
  kDuration,
  kList,
  kSet,
  kMap,
  kTuple,
  kUdt,
  kVector,
  kCustom,  // a type that Ringsync does not know
};

/// A fixed-point number's digits in all, 1 to 38, and of these behind the point.
struct DecimalSize {
  int32_t precision = 38;
  int32_t scale = 0;

  bool operator==(const DecimalSize&) const = default;
};

struct CqlType {
  TypeKind kind = TypeKind::kCustom;
  /// list, set, vector: element; map: key, value; tuple, udt: the fields in order.
  std::vector<CqlType> children;
  std::string name;                      // udt: its name; custom: what the server called it
  std::vector<std::string> field_names;  // udt only, as many as children
  uint16_t dimensions = 0;               // vector only

  bool operator==(const CqlType&) const = default;
};

/// False for types that hold others, and for kCustom.
inline bool is_scalar(TypeKind kind) { return kind < TypeKind::kList; }

/// True where the type is, or holds at any depth, one that Ringsync does not know.
bool has_custom_type(const CqlType& type);

/// The type as CQL writes it ("map<text, int>").
std::string to_string(const CqlType& type);

}  // namespace ringsync
