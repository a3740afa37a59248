#include "model/cql_type.h"

#include <algorithm>

namespace ringsync {
namespace {

const char* scalar_name(TypeKind kind) {
  switch (kind) {
    case TypeKind::kAscii: return "ascii";
    case TypeKind::kBigint: return "bigint";
    case TypeKind::kBlob: return "blob";
    case TypeKind::kBoolean: return "boolean";
    case TypeKind::kCounter: return "counter";
    case TypeKind::kDecimal: return "decimal";
    case TypeKind::kDouble: return "double";
    case TypeKind::kFloat: return "float";
    case TypeKind::kInt: return "int";
    case TypeKind::kTimestamp: return "timestamp";
    case TypeKind::kUuid: return "uuid";
    case TypeKind::kText: return "text";
    case TypeKind::kVarint: return "varint";
    case TypeKind::kTimeuuid: return "timeuuid";
    case TypeKind::kInet: return "inet";
    case TypeKind::kDate: return "date";
    case TypeKind::kTime: return "time";
    case TypeKind::kSmallint: return "smallint";
    case TypeKind::kTinyint: return "tinyint";
    case TypeKind::kDuration: return "duration";
    default: return nullptr;
  }
}

std::string joined_children(const CqlType& type) {
  std::string text;
  for (const CqlType& child : type.children) {
    if (!text.empty()) text += ", ";
    text += to_string(child);
  }
  return text;
}

}  // namespace

bool has_custom_type(const CqlType& type) {
  return type.kind == TypeKind::kCustom ||
         std::any_of(type.children.begin(), type.children.end(), has_custom_type);
}

std::string to_string(const CqlType& type) {
  if (const char* name = scalar_name(type.kind)) return name;
  switch (type.kind) {
    case TypeKind::kList: return "list<" + joined_children(type) + ">";
    case TypeKind::kSet: return "set<" + joined_children(type) + ">";
    case TypeKind::kMap: return "map<" + joined_children(type) + ">";
    case TypeKind::kTuple: return "tuple<" + joined_children(type) + ">";
    case TypeKind::kVector:
      return "vector<" + joined_children(type) + ", " + std::to_string(type.dimensions) + ">";
    case TypeKind::kUdt: return type.name;
    default: return type.name.empty() ? "custom" : type.name;
  }
}

}  // namespace ringsync
