#include "sink/arrow/arrow_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "cql/decimal_value.h"
#include "cql/utf8.h"
#include "sink/cell_policy.h"

namespace ringsync {
namespace {

/// Arrow's names and SQL end at U+0000. `name` is shown as far as there.
Error nul_in_name(const std::string& what, const std::string& name, const std::string& remedy) {
  return {ErrorCode::kNameCollision,
          fmt::format("{} whose name begins with {} has U+0000 in its name, which no destination's "
                      "name can have; {}",
                      what, quoted(name.substr(0, name.find('\0'))), remedy)};
}

Status check_field_names(const CqlType& type) {
  std::map<std::string, std::string> seen;
  for (const std::string& name : type.field_names) {
    if (has_nul(name)) {
      return nul_in_name("a field of type " + type.name, name,
                         "set nested_types=json, or rename the field");
    }
    const auto [other, is_new] = seen.emplace(ascii_folded(name), name);
    if (is_new) continue;
    return Error{ErrorCode::kNameCollision,
                 fmt::format("fields {} and {} of type {} are one name in a struct; set "
                             "nested_types=json, or rename one",
                             quoted(other->second), quoted(name), type.name)};
  }
  return {};
}

ArrowType scalar_type(TypeKind kind, const ArrowEncoding& encoding) {
  const ArrowKind arrow = scalar_arrow_kind(kind).value_or(ArrowKind::kText);
  const bool is_text = (arrow == ArrowKind::kTimestamp && encoding.timestamps_as_text) ||
                       (arrow == ArrowKind::kDate && encoding.dates_as_text) ||
                       (arrow == ArrowKind::kTime && encoding.times_as_text) ||
                       (arrow == ArrowKind::kUuid && encoding.uuids_as_text);
  return is_text ? ArrowKind::kText : arrow;
}

ArrowKind nested_kind(TypeKind kind) {
  switch (kind) {
    case TypeKind::kMap: return ArrowKind::kMap;
    case TypeKind::kVector: return ArrowKind::kFixedSizeList;
    case TypeKind::kTuple:
    case TypeKind::kUdt: return ArrowKind::kStruct;
    default: return ArrowKind::kList;
  }
}

std::string child_name(const CqlType& type, size_t index) {
  switch (type.kind) {
    case TypeKind::kMap: return index == 0 ? "key" : "value";
    case TypeKind::kUdt: return type.field_names[index];
    case TypeKind::kTuple: return fmt::format("field_{}", index);
    default: return "item";
  }
}

/// What one null of a native type may take: the elements of the longest vector that servers make
/// (ScyllaDB 16,000, Cassandra 8,192).
constexpr size_t kNullValuesMax = 16'384;

/// Values that a null of the type takes in Arrow's layouts: each element of a vector and each field
/// of a struct has one, at every depth. Stops counting beyond the most.
size_t null_values(const CqlType& type) {
  if (is_scalar(type.kind)) return 1;
  if (type.kind != TypeKind::kVector && nested_kind(type.kind) != ArrowKind::kStruct) return 1;
  size_t values = 0;
  for (const CqlType& child : type.children) {
    values += null_values(child);
    if (values > kNullValuesMax) return values;
  }
  return type.kind == TypeKind::kVector ? values * type.dimensions : values;
}

/// True where nothing inside the type, on its own, has nulls too large to be made. A vector of no
/// elements, which no server makes, has no place in Arrow either.
bool fits_native(const CqlType& type) {
  if (type.kind == TypeKind::kVector && type.dimensions == 0) return false;
  return null_values(type) <= kNullValuesMax && std::ranges::all_of(type.children, fits_native);
}

Result<ArrowType> native_type(const CqlType& type, const ArrowEncoding& encoding) {
  if (is_scalar(type.kind)) return scalar_type(type.kind, encoding);
  RINGSYNC_TRY(check_field_names(type));
  ArrowType arrow = nested_kind(type.kind);
  arrow.list_size = type.dimensions;
  for (size_t i = 0; i < type.children.size(); ++i) {
    RINGSYNC_ASSIGN(ArrowType child, native_type(type.children[i], encoding));
    arrow.children.push_back({child_name(type, i), std::move(child)});
  }
  return arrow;
}

Result<ArrowType> decimal_type(TypeKind kind, DecimalSize size) {
  RINGSYNC_TRY(check_decimal_size(kind, size));
  ArrowType type = ArrowKind::kDecimal128;
  type.precision = size.precision;
  type.scale = size.scale;
  return type;
}

// Of a type that Ringsync knows.
Result<ArrowType> column_type(const Table& table, size_t index, const ArrowEncoding& encoding) {
  const Column& column = table.columns[index];
  const TypeKind kind = column.type.kind;
  if (is_scalar(kind)) {
    const bool may_be_decimal = kind == TypeKind::kDecimal || kind == TypeKind::kVarint;
    if (may_be_decimal && encoding.decimal_size) {
      const auto size = encoding.decimal_size(table.name, column.name);
      if (size) return decimal_type(kind, *size);
    }
    return scalar_type(kind, encoding);
  }
  const bool is_key = index < table.primary_key_count;
  const bool is_json = is_key || encoding.nested == NestedForm::kJson || !fits_native(column.type);
  if (is_json) return ArrowType(ArrowKind::kJson);
  return native_type(column.type, encoding);
}

}  // namespace

Result<std::vector<ArrowType>> arrow_types(const Table& table, const ArrowEncoding& encoding) {
  RINGSYNC_TRY(check_types_are_known(table));
  std::vector<ArrowType> types;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (has_nul(table.columns[i].name)) {
      return nul_in_name("a column", table.columns[i].name,
                         "rename it, or exclude the table with exclude_tables")
          .within("table " + quoted(table.keyspace) + "." + quoted(table.name));
    }
    auto type = column_type(table, i, encoding);
    if (!type) return type.error().within(column_place(table, table.columns[i]));
    types.push_back(std::move(*type));
  }
  return types;
}

}  // namespace ringsync
