#include "cli/encoding_choice.h"

#include "config/table_filter.h"

namespace ringsync {

ArrowEncoding arrow_encoding(const Configuration& configuration) {
  ArrowEncoding encoding;
  if (configuration.nested_types == NestedTypes::kNative) encoding.nested = NestedForm::kNative;
  if (configuration.on_unrepresentable == UnrepresentableValues::kNull) {
    encoding.on_unrepresentable = OnUnrepresentable::kNull;
  }
  encoding.decimal_size = [types = configuration.decimal_types](
                              const std::string& table,
                              const std::string& column) -> std::optional<DecimalSize> {
    for (const DecimalType& type : types) {
      if (type.column != column || !pattern_matches(type.table, table)) continue;
      return DecimalSize{type.precision, type.scale};
    }
    return std::nullopt;
  };
  return encoding;
}

}  // namespace ringsync
