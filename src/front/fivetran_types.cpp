#include "front/fivetran_types.h"

#include "config/table_filter.h"

namespace ringsync {

FivetranEncoding fivetran_encoding(const Configuration& configuration) {
  FivetranEncoding encoding;
  encoding.mapping = configuration.type_mapping;
  if (configuration.on_unrepresentable == UnrepresentableValues::kNull) {
    encoding.on_unrepresentable = OnUnrepresentable::kNull;
  }
  encoding.decimal_size = [types = configuration.decimal_types](const std::string& table,
                                                                const std::string& column) {
    return decimal_size(types, table, column);
  };
  return encoding;
}

std::map<std::string, std::string> chosen_column_types(const Table& table,
                                                       const FivetranEncoding& encoding) {
  std::map<std::string, std::string> types;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const TypeKind kind = column.type.kind;
    const bool is_number = kind == TypeKind::kDecimal || kind == TypeKind::kVarint;
    if (!is_number && kind != TypeKind::kBlob) continue;
    const auto size = is_number ? encoding.decimal_size(table.name, column.name) : std::nullopt;
    const auto type =
        fivetran_type(column.type, encoding.mapping, i < table.primary_key_count, size);
    if (type) types[column.name] = to_string(*type);
  }
  return types;
}

}  // namespace ringsync
