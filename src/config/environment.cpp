#include "config/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ringsync {
namespace {

/// POSIX.1-2017, XBD 3.235: letters, digits and underscores, no digit first.
bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_name_character = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, is_name_character);
}

Result<std::string> value_of(const std::string& name, const VariableLookup& lookup) {
  std::optional<std::string> value = lookup(name);
  if (value && !value->empty()) return *std::move(value);
  return Error{ErrorCode::kConfig,
               fmt::format("names the environment variable {}, which is {}; set it, or write "
                           "\"$${{\" for \"${{\" itself",
                           name, value ? "empty" : "not set")};
}

}  // namespace

Result<ExpandedText> expand_variables(std::string_view text, const VariableLookup& lookup) {
  ExpandedText expanded;
  while (!text.empty()) {
    const size_t dollar = std::min(text.find('$'), text.size());
    expanded.text += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.starts_with("$${")) {
      expanded.text += "${";
      text.remove_prefix(3);
    } else if (text.starts_with("${")) {
      const size_t end = text.find('}');
      const std::string name(text.substr(2, end == std::string_view::npos ? end : end - 2));
      if (end == std::string_view::npos || !is_variable_name(name)) {
        return Error{ErrorCode::kConfig,
                     "has \"${\" without the name of an environment variable and \"}\" behind it; "
                     "write \"${NAME}\", or \"$${\" for \"${\" itself"};
      }
      RINGSYNC_ASSIGN(const std::string value, value_of(name, lookup));
      expanded.text += value;
      expanded.from_environment = true;
      text.remove_prefix(end + 1);
    } else if (!text.empty()) {
      expanded.text += '$';
      text.remove_prefix(1);
    }
  }
  return expanded;
}

}  // namespace ringsync
