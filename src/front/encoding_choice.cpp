#include "front/encoding_choice.h"

#include "config/table_filter.h"

namespace ringsync {

ArrowEncoding arrow_encoding(const Configuration& configuration) {
  ArrowEncoding encoding;
  if (configuration.nested_types == NestedTypes::kNative) encoding.nested = NestedForm::kNative;
  if (configuration.on_unrepresentable == UnrepresentableValues::kNull) {
    encoding.on_unrepresentable = OnUnrepresentable::kNull;
  }
  encoding.decimal_size = [types = configuration.decimal_types](const std::string& table,
                                                                const std::string& column) {
    return decimal_size(types, table, column);
  };
  return encoding;
}

}  // namespace ringsync
