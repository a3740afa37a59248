#include "front/fivetran_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ringsync {
namespace {

using nlohmann::json;

/// {"<table>": {"last_updated_at": …}, …}
bool is_of_the_example(const json& document) {
  return document.is_object() && std::ranges::all_of(document, [](const json& entry) {
           return entry.is_object() && entry.contains("last_updated_at");
         });
}

}  // namespace

FivetranState read_fivetran_state(std::string_view text) {
  FivetranState state;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return state;
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_object() && document.empty()) return state;
  if (is_of_the_example(document)) {
    state.import = StateImport{"the saved state of the example", std::string(text)};
  } else {
    state.own = std::string(text);
  }
  return state;
}

}  // namespace ringsync
