// Bytes of nested cells as servers send them, and their types, for tests.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "model/cql_type.h"
#include "page_builder.h"

namespace ringsync {

inline CqlType typed(TypeKind kind, std::vector<CqlType> children = {}) {
  CqlType type;
  type.kind = kind;
  type.children = std::move(children);
  return type;
}

inline CqlType udt_of(std::vector<std::string> names, std::vector<CqlType> fields) {
  CqlType type = typed(TypeKind::kUdt, std::move(fields));
  type.name = "thing";
  type.field_names = std::move(names);
  return type;
}

inline CqlType vector_of(CqlType element, uint16_t dimensions) {
  CqlType type = typed(TypeKind::kVector, {std::move(element)});
  type.dimensions = dimensions;
  return type;
}

using MaybeBytes = std::optional<std::string>;  // nothing is null

/// [bytes] one after the other, as in a tuple or user-defined type.
inline std::string fields_of(const std::vector<MaybeBytes>& fields) {
  std::string out;
  for (const MaybeBytes& field : fields) {
    out += wire(field ? static_cast<int32_t>(field->size()) : int32_t{-1});
    out += field.value_or("");
  }
  return out;
}

/// A list or set of elements; a map where `per_entry` is 2: key, value, key, value.
inline std::string collection_of(const std::vector<MaybeBytes>& elements, size_t per_entry = 1) {
  return wire(static_cast<int32_t>(elements.size() / per_entry)) + fields_of(elements);
}

}  // namespace ringsync
