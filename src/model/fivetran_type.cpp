#include "model/fivetran_type.h"

namespace ringsync {
namespace {

FivetranKind decimal_kind(TypeMapping mapping, bool is_key) {
  return mapping == TypeMapping::kCompatible && !is_key ? FivetranKind::kDouble
                                                        : FivetranKind::kString;
}

std::optional<FivetranKind> scalar_kind(TypeKind kind, TypeMapping mapping, bool is_key) {
  const bool is_compatible = mapping == TypeMapping::kCompatible;
  switch (kind) {
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt: return FivetranKind::kInt;
    case TypeKind::kBigint:
    case TypeKind::kCounter: return FivetranKind::kLong;
    case TypeKind::kVarint: return is_compatible ? FivetranKind::kLong : FivetranKind::kString;
    case TypeKind::kDecimal: return decimal_kind(mapping, is_key);
    case TypeKind::kFloat: return FivetranKind::kFloat;
    case TypeKind::kDouble: return FivetranKind::kDouble;
    case TypeKind::kBoolean: return FivetranKind::kBoolean;
    case TypeKind::kTimestamp: return FivetranKind::kUtcDatetime;
    case TypeKind::kDate: return FivetranKind::kNaiveDate;
    case TypeKind::kBlob: return is_compatible ? FivetranKind::kString : FivetranKind::kBinary;
    case TypeKind::kAscii:
    case TypeKind::kText:
    case TypeKind::kTime:
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
    case TypeKind::kInet:
    case TypeKind::kDuration: return FivetranKind::kString;
    default: return std::nullopt;
  }
}

std::string_view kind_name(FivetranKind kind) {
  switch (kind) {
    case FivetranKind::kBoolean: return "BOOLEAN";
    case FivetranKind::kInt: return "INT";
    case FivetranKind::kLong: return "LONG";
    case FivetranKind::kDecimal: return "DECIMAL";
    case FivetranKind::kFloat: return "FLOAT";
    case FivetranKind::kDouble: return "DOUBLE";
    case FivetranKind::kNaiveDate: return "NAIVE_DATE";
    case FivetranKind::kUtcDatetime: return "UTC_DATETIME";
    case FivetranKind::kBinary: return "BINARY";
    case FivetranKind::kString: return "STRING";
    case FivetranKind::kJson: return "JSON";
  }
  return "STRING";
}

}  // namespace

std::optional<FivetranType> fivetran_type(const CqlType& type, TypeMapping mapping, bool is_key,
                                          std::optional<DecimalSize> size) {
  if (has_custom_type(type)) return std::nullopt;
  if (!is_scalar(type.kind))
    return FivetranType{is_key ? FivetranKind::kString : FivetranKind::kJson};
  const bool may_be_decimal = type.kind == TypeKind::kDecimal || type.kind == TypeKind::kVarint;
  if (size && may_be_decimal) return FivetranType{FivetranKind::kDecimal, *size};
  const auto kind = scalar_kind(type.kind, mapping, is_key);
  if (!kind) return std::nullopt;
  return FivetranType{*kind};
}

std::string to_string(const FivetranType& type) {
  std::string text(kind_name(type.kind));
  if (type.kind != FivetranKind::kDecimal) return text;
  return text + "(" + std::to_string(type.decimal.precision) + "," +
         std::to_string(type.decimal.scale) + ")";
}

}  // namespace ringsync
