#include "config/key_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/wrapped.h"
#include "config/keys.h"

namespace ringsync {
namespace {

std::string choice_names(const ConfigKey& key, std::string_view between) {
  std::string names;
  for (const Choice& choice : key.choices) {
    if (!names.empty()) names += between;
    names += choice.name;
  }
  return names;
}

std::string need_of(const ConfigKey& key) {
  if (key.required) return "required";
  return key.default_value.empty() ? "optional" : fmt::format("default {}", key.default_value);
}

/// Between the cells of a Markdown table a line break is <br> and a bar has a backslash.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string value_cell(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kHost: return "a name, an IPv4 or an IPv6 address";
    case KeyKind::kString: return "text";
    case KeyKind::kFile: return "path of a PEM file";
    case KeyKind::kBoolean: return "`true` or `false`";
    case KeyKind::kChoice: break;
    case KeyKind::kPort:
    case KeyKind::kInteger:
    case KeyKind::kTables:
    case KeyKind::kDateTime:
    case KeyKind::kDecimalTypes: return expected_value(key);
  }
  std::string choices;
  for (const Choice& choice : key.choices) {
    choices +=
        fmt::format("{}`{}`: {}", choices.empty() ? "" : "<br>", choice.name, choice.meaning);
  }
  return choices;
}

std::string default_cell(const ConfigKey& key) {
  std::string text = key.required ? "**required**" : "none";
  if (!key.default_value.empty()) text = fmt::format("`{}`", key.default_value);
  if (key.secret) text += ", secret";
  if (!key.environment.empty()) text += fmt::format("; else `{}`", key.environment);
  return text;
}

/// The description with a capital letter.
std::string described(const ConfigKey& key) {
  std::string text(key.description);
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

/// The description as a sentence, the advice behind it.
std::string meaning_cell(const ConfigKey& key) {
  std::string text = described(key);
  if (!key.needs.empty()) text += fmt::format(" (with `{}` only)", key.needs);
  return fmt::format("{}.<br>{}", text, key.advice);
}

constexpr std::string_view kDocumentHead = R"(# Configuration

<!-- Made by `ringsync help configuration --markdown`; do not edit. -->

The configuration is one JSON object in a file, `configuration.json` unless `--configuration` names another:

```json
{
  "host_1": "10.0.0.1",
  "username": "reader",
  "password": "${DB_PASSWORD}",
  "data_center_region": "dc1",
  "keyspace": "shop"
}
```

- Every value may be written as text, as Fivetran hands them over: `"9042"` and `9042` are the same. `null`, empty text
  and the original example's placeholders (`<YOUR_…>`) count as absent.
- Lists are text with commas between the entries, or arrays of texts.
- `"${NAME}"`, alone or inside a longer text, stands for the environment variable `NAME`; one that is not set, or empty,
  is an error. For the characters `${` themselves write `$${`. What a variable holds is not looked into again, and is
  shown in no message.
- `username` and `password` may be left out where `RINGSYNC_USERNAME` and `RINGSYNC_PASSWORD` are set.
- All problems are reported at once, before anything is connected to. A key that is not known is warned about, with the
  nearest one that is.
)";

/// "`--tables`, …": the options that stand for keys.
std::string options_text() {
  std::string text;
  for (const ConfigKey& key : configuration_keys()) {
    if (key.option_value.empty()) continue;
    text += fmt::format("{}`{}`", text.empty() ? "" : ", ", option_name(key));
  }
  return text;
}

/// What a value is, in a word or two.
std::string type_name(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kString: return "text";
    case KeyKind::kHost: return "host";
    case KeyKind::kPort:
    case KeyKind::kInteger: return "number";
    case KeyKind::kBoolean: return "true or false";
    case KeyKind::kChoice: return choice_names(key, "|");
    case KeyKind::kFile: return "PEM file";
    case KeyKind::kTables: return "table names";
    case KeyKind::kDateTime: return "date or time";
    case KeyKind::kDecimalTypes: return "columns and types";
  }
  return "";
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
    case KeyKind::kChoice: return fmt::format("one of {}", choice_names(key, ", "));
    case KeyKind::kTables: return R"(table names separated by commas, as "flights, weather_*")";
    case KeyKind::kDecimalTypes:
      return "entries separated by commas, as \"orders.total=DECIMAL(18,2)\"";
    case KeyKind::kDateTime:
      return "a date or a time in UTC, as 2024-01-31 or 2024-01-31T12:00:00Z";
    case KeyKind::kFile: return fmt::format("the path of {}", key.description);
    case KeyKind::kHost:
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

std::string configuration_summary(size_t width) {
  constexpr size_t kIndent = 26;  // that of the options above
  std::string summary = "Keys of the configuration file:\n";
  for (const ConfigKey& key : configuration_keys()) {
    const bool is_told = key.required || !key.default_value.empty();
    const std::string text = fmt::format(
        "{} [{}{}{}{}]", described(key), type_name(key), is_told ? ", " + need_of(key) : "",
        key.environment.empty() ? "" : fmt::format(" here or as {}", key.environment),
        key.needs.empty() ? "" : fmt::format(", with `{}` only", key.needs));
    summary +=
        fmt::format("  {:<{}}{}\n", key.name, kIndent - 2, wrapped(text, width - kIndent, kIndent));
  }
  return summary;
}

std::string option_help(const ConfigKey& key, size_t width) {
  std::string text = described(key);
  if (help_states_values(key.kind)) text += fmt::format(" ({})", expected_value(key));
  return wrapped(fmt::format("{}; counts more than `{}` in the configuration", text, key.name),
                 width, 0);
}

std::string configuration_document() {
  std::string document(kDocumentHead);
  document +=
      fmt::format("- Options of the command line ({}) count more than the file.\n", options_text());
  std::string_view heading;
  for (const ConfigKey& key : configuration_keys()) {
    if (heading != to_string(key.group)) {
      heading = to_string(key.group);
      document += fmt::format(
          "\n## {}\n\n| key | value | default | meaning, and when to change it |\n"
          "|---|---|---|---|\n",
          heading);
    }
    document += fmt::format("| `{}` | {} | {} | {} |\n", key.name, cell(value_cell(key)),
                            cell(default_cell(key)), cell(meaning_cell(key)));
  }
  return document;
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
