#include "config/raw_value.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace ringsync {
namespace {

using nlohmann::json;
using Form = RawValue::Form;

std::string expanded(std::string_view text, const VariableLookup& lookup, RawValue& raw) {
  if (!lookup) return std::string(text);
  auto result = expand_variables(text, lookup);
  if (!result.ok()) {
    raw.problem = result.error().message;
    return {};
  }
  raw.from_environment = raw.from_environment || result->from_environment;
  return std::move(result->text);
}

void read_array(const json& value, const VariableLookup& lookup, RawValue& raw) {
  raw.form = Form::kArray;
  for (const json& item : value) {
    if (!item.is_string()) {
      raw.form = Form::kUnusable;
      return;
    }
    raw.items.push_back(expanded(item.get_ref<const std::string&>(), lookup, raw));
  }
}

}  // namespace

RawValue raw_value(const json* value, const VariableLookup& lookup) {
  RawValue raw;
  if (value == nullptr || value->is_null()) return raw;
  if (value->is_string()) {
    raw.form = Form::kText;
    raw.text = expanded(value->get_ref<const std::string&>(), lookup, raw);
  } else if (value->is_number_integer()) {
    raw.form = Form::kNumber;
    raw.text = value->dump();
  } else if (value->is_boolean()) {
    raw.form = Form::kBoolean;
    raw.text = value->dump();
  } else if (value->is_array()) {
    read_array(*value, lookup, raw);
  } else {
    raw.form = Form::kUnusable;
  }
  return raw;
}

}  // namespace ringsync
