#include "config/key_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "config/keys.h"

namespace ringsync {
namespace {

std::string choice_names(const ConfigKey& key) {
  std::string names;
  for (const Choice& choice : key.choices) {
    names += names.empty() ? "" : ", ";
    names += choice.name;
  }
  return names;
}

std::string need_of(const ConfigKey& key) {
  if (key.required) return "required";
  return key.default_value.empty() ? "optional" : fmt::format("default {}", key.default_value);
}

/// `text` broken at spaces into lines of at most `width` columns, each but the first after
/// `indent` spaces.
std::string wrapped(std::string_view text, size_t width, size_t indent) {
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    if (used > 0 && used + 1 + space > width) {
      out += '\n';
      out.append(indent, ' ');
      used = 0;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += text.substr(0, space);
    used += space;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

bool help_states_values(KeyKind kind) {
  return kind == KeyKind::kTables || kind == KeyKind::kChoice || kind == KeyKind::kInteger ||
         kind == KeyKind::kDateTime || kind == KeyKind::kDecimalTypes;
}

}  // namespace

std::string expected_value(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kPort:
    case KeyKind::kInteger:
      return fmt::format("a whole number from {} to {}", key.integer_min, key.integer_max);
    case KeyKind::kBoolean: return "true or false";
    case KeyKind::kChoice: return fmt::format("one of {}", choice_names(key));
    case KeyKind::kTables: return R"(table names separated by commas, as "flights, weather_*")";
    case KeyKind::kDecimalTypes:
      return "entries separated by commas, as \"orders.total=DECIMAL(18,2)\"";
    case KeyKind::kDateTime:
      return "a date or a time in UTC, as 2024-01-31 or 2024-01-31T12:00:00Z";
    case KeyKind::kHost:
    case KeyKind::kFile:
    case KeyKind::kString: break;
  }
  return std::string(key.description);
}

std::string configuration_help(size_t width) {
  constexpr size_t kNameWidth = 23;
  constexpr size_t kNeedWidth = 20;
  const size_t indent = 2 + kNameWidth + 1 + kNeedWidth + 1;
  std::string help =
      "The configuration file is one JSON object. Every value may be written as text;\n"
      "null and empty text count as absent. \"${NAME}\" in a value stands for the\n"
      "environment variable NAME.\n";
  std::string_view heading;
  for (const ConfigKey& key : configuration_keys()) {
    if (heading != to_string(key.group)) {
      heading = to_string(key.group);
      help += fmt::format("\n{}:\n", heading);
    }
    std::string text(key.description);
    if (help_states_values(key.kind)) text += fmt::format(" ({})", expected_value(key));
    const size_t text_width = width > indent + 20 ? width - indent : 20;
    help += fmt::format("  {:<{}} {:<{}} {}\n", key.name, kNameWidth, need_of(key), kNeedWidth,
                        wrapped(text, text_width, indent));
  }
  return help;
}

std::string_view to_string(KeyGroup group) {
  switch (group) {
    case KeyGroup::kConnection: return "Connection";
    case KeyGroup::kTls: return "TLS";
    case KeyGroup::kSelection: return "What to sync";
    case KeyGroup::kReading: return "How to read";
    case KeyGroup::kTypes: return "Types";
    case KeyGroup::kDelivery: return "Delivery";
  }
  return "";
}

}  // namespace ringsync
