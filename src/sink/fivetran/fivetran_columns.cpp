#include "sink/fivetran/fivetran_columns.h"

#include "cql/decimal_value.h"

namespace ringsync {
namespace {

// Of a type that Ringsync knows.
Result<FivetranType> column_type(const Table& table, size_t index,
                                 const FivetranEncoding& encoding) {
  const Column& column = table.columns[index];
  const TypeKind kind = column.type.kind;
  std::optional<DecimalSize> size;
  if (encoding.decimal_size && (kind == TypeKind::kDecimal || kind == TypeKind::kVarint)) {
    size = encoding.decimal_size(table.name, column.name);
    if (size) RINGSYNC_TRY(check_decimal_size(kind, *size));
  }
  const bool is_key = index < table.primary_key_count;
  return *fivetran_type(column.type, encoding.mapping, is_key, size);
}

/// What helps against a value that the column's type cannot hold.
std::string type_remedy(TypeKind kind, const FivetranType& type) {
  switch (type.kind) {
    case FivetranKind::kDecimal: return decimal_remedy(type.decimal);
    case FivetranKind::kLong:
      if (kind != TypeKind::kVarint) return "";
      return "A LONG has 64 bits: type_mapping=lossless brings all digits as STRING, decimal_types "
             "as DECIMAL.";
    case FivetranKind::kDouble:
      if (kind != TypeKind::kDecimal) return "";
      return "It lies beyond what a DOUBLE can be near to: type_mapping=lossless brings all digits "
             "as STRING, decimal_types as DECIMAL.";
    case FivetranKind::kNaiveDate:
    case FivetranKind::kUtcDatetime: return "Fivetran knows the years 1 to 9999.";
    default: return "";
  }
}

}  // namespace

Error FivetranColumn::cell_failure(Decoded outcome) const {
  return failure(outcome, type_remedy(column.type.kind, type));
}

Result<std::vector<FivetranColumn>> fivetran_columns(const Table& table,
                                                     const FivetranEncoding& encoding) {
  RINGSYNC_TRY(check_types_are_known(table));
  const std::string table_name = quoted(table.keyspace) + "." + quoted(table.name);
  std::vector<FivetranColumn> columns;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    auto type = column_type(table, i, encoding);
    if (!type) return type.error().within(column_place(table_name, table.columns[i]));
    columns.push_back(FivetranColumn{
        {table_name, table.columns[i], i < table.primary_key_count, encoding.on_unrepresentable},
        *type});
  }
  return columns;
}

}  // namespace ringsync
