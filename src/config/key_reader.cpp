#include "config/key_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "config/cross_checks.h"
#include "config/nearest.h"
#include "config/table_filter.h"
#include "config/values.h"

namespace ringsync {
namespace {

bool is_list(const ConfigKey& key) {
  return key.kind == KeyKind::kTables || key.kind == KeyKind::kDecimalTypes;
}

bool takes(const ConfigKey& key, RawValue::Form form) {
  switch (form) {
    case RawValue::Form::kAbsent:
    case RawValue::Form::kText: return true;
    case RawValue::Form::kNumber: return key.kind != KeyKind::kBoolean;
    case RawValue::Form::kBoolean: return key.kind == KeyKind::kBoolean;
    case RawValue::Form::kArray: return is_list(key);
    case RawValue::Form::kUnusable: return false;
  }
  return false;
}

}  // namespace

KeyReader::KeyReader(const nlohmann::json& document, const Surroundings& surroundings, Names names)
    : document_(document), surroundings_(surroundings), names_(names) {
  for (const ConfigKey& key : configuration_keys()) {
    if (!key.secret) continue;
    const std::string secret = value_of(key).text;
    if (!secret.empty()) secrets_.push_back(secret);
    const std::string fallback = variable(key).value_or("");
    if (!fallback.empty()) secrets_.push_back(fallback);
  }
}

/// What the key's own environment variable holds.
std::optional<std::string> KeyReader::variable(const ConfigKey& key) const {
  if (key.environment.empty() || !surroundings_.variable) return std::nullopt;
  return surroundings_.variable(std::string(key.environment));
}

RawValue KeyReader::value_of(const ConfigKey& key) const {
  const auto found = document_.find(key.name);
  return raw_value(found == document_.end() ? nullptr : &*found, surroundings_.variable);
}

void KeyReader::read_all() {
  for (const ConfigKey& key : configuration_keys()) {
    const RawValue raw = value_of(key);
    hide_values_ = raw.from_environment;
    read_key(key, raw);
  }
  hide_values_ = false;
  // Values that were not read would only give problems that follow from others.
  if (problems_.empty()) {
    CrossChecks checks = check_together(parsed_.configuration, given_);
    std::ranges::move(checks.problems, std::back_inserter(problems_));
    std::ranges::move(checks.warnings, std::back_inserter(parsed_.warnings));
  }
  warn_of_unknown_keys();
}

void KeyReader::read_given(const ConfigKey& key) {
  const RawValue raw = value_of(key);
  const bool is_empty = std::ranges::all_of(split_list(raw.text), [](const std::string& item) {
    return trimmed(item).empty() || is_placeholder(trimmed(item));
  });
  if (is_empty) return problem(key, fmt::format("is empty; write {}", expected_value(key)));
  read_key(key, raw);
}

void KeyReader::problem(const ConfigKey& key, std::string_view what) {
  const bool is_option = names_ == Names::kOptions;
  problems_.push_back(
      fmt::format("{}: {}", is_option ? option_name(key) : std::string(key.name), what));
}

/// The value in quotes. A value that holds a secret, a variable of the environment, or a log-in as
/// in "user:password@host", is not repeated.
std::string KeyReader::shown(std::string_view value) const {
  const bool hidden = hide_values_ || value.find('@') != std::string_view::npos ||
                      std::ranges::any_of(secrets_, [&](const std::string& secret) {
                        return value.find(secret) != std::string_view::npos;
                      });
  return hidden ? "the value (not shown)" : quoted_for_message(value);
}

void KeyReader::read_key(const ConfigKey& key, const RawValue& raw) {
  if (raw.problem) return problem(key, fmt::format("the value {}", *raw.problem));
  if (!takes(key, raw.form)) {
    return problem(
        key, fmt::format("the value is of the wrong JSON type; write {}", expected_value(key)));
  }
  if (is_list(key)) return read_list(key, raw);
  // A password is taken as it is; everywhere else white space at the ends is a slip.
  const std::string_view text = key.secret ? std::string_view(raw.text) : trimmed(raw.text);
  if (!text.empty() && !is_placeholder(text)) {
    given_.push_back(key.name);
    return read_text(key, text);
  }
  if (read_fallback(key)) return;
  if (!is_placeholder(text)) return report_absent(key, raw.form != RawValue::Form::kAbsent);
  if (key.required) {
    return problem(
        key, fmt::format("still has the example's placeholder; write {}", expected_value(key)));
  }
  warn_of_placeholder(key);
  report_absent(key, true);
}

/// Takes the value from the key's own environment variable, if there is one.
bool KeyReader::read_fallback(const ConfigKey& key) {
  const std::optional<std::string> value = variable(key);
  if (!value || value->empty()) return false;
  hide_values_ = true;
  read_text(key, *value);
  return true;
}

void KeyReader::report_absent(const ConfigKey& key, bool present) {
  if (key.required) {
    const bool has_variable = !key.environment.empty() && surroundings_.variable;
    const std::string or_variable = has_variable ? fmt::format(", or set {}", key.environment) : "";
    return problem(key, fmt::format("is {}; write {}{}", present ? "empty" : "missing",
                                    expected_value(key), or_variable));
  }
  if (!key.default_value.empty()) read_text(key, key.default_value);
}

template <typename Value, typename Keep>
void KeyReader::keep(const ConfigKey& key, std::string_view text, Result<Value> result,
                     Keep store) {
  if (result.ok()) return store(std::move(result).value());
  problem(key, fmt::format("{} {}", shown(text), result.error().message));
}

void KeyReader::read_text(const ConfigKey& key, std::string_view text) {
  Configuration& configuration = parsed_.configuration;
  switch (key.kind) {
    case KeyKind::kString:
      configuration.*std::get<std::string Configuration::*>(key.target) = text;
      return;
    case KeyKind::kHost:
      return keep(key, text, read_host(text),
                  [&](std::string host) { store_host(key, std::move(host)); });
    case KeyKind::kPort:
      return keep(key, text, read_integer(key, text), [&](uint32_t number) {
        configuration.*std::get<uint16_t Configuration::*>(key.target) =
            static_cast<uint16_t>(number);
      });
    case KeyKind::kInteger:
      return keep(key, text, read_integer(key, text), [&](uint32_t number) {
        configuration.*std::get<uint32_t Configuration::*>(key.target) = number;
      });
    case KeyKind::kBoolean:
      return keep(key, text, read_boolean(key, text), [&](bool value) {
        configuration.*std::get<bool Configuration::*>(key.target) = value;
      });
    case KeyKind::kChoice:
      return keep(key, text, read_choice(key, text),
                  [&](size_t index) { std::get<ChoiceStore>(key.target)(configuration, index); });
    case KeyKind::kDateTime:
      return keep(key, text, read_date_time(key, text, surroundings_.now_ms), [&](int64_t ms) {
        configuration.*std::get<std::optional<int64_t> Configuration::*>(key.target) = ms;
      });
    case KeyKind::kFile: return read_file(key, text);
    case KeyKind::kTables:
    case KeyKind::kDecimalTypes: return;  // read_list
  }
}

// What is wrong is told without the value, which may be a private key.
void KeyReader::read_upload(const ConfigKey& key, std::string_view value) {
  const Result<std::string> path = surroundings_.keep_file(value);
  if (!path.ok()) {
    return problem(key,
                   fmt::format("the file {}; upload {}", path.error().message, key.description));
  }
  parsed_.configuration.*std::get<std::string Configuration::*>(key.target) = *path;
}

void KeyReader::read_file(const ConfigKey& key, std::string_view path) {
  if (surroundings_.keep_file) return read_upload(key, path);
  parsed_.configuration.*std::get<std::string Configuration::*>(key.target) = path;
  const std::optional<std::string> wrong = surroundings_.file_problem(std::string(path));
  if (!wrong) return;
  problem(key, fmt::format("{} cannot be read ({}); write {}", shown(path), *wrong,
                           expected_value(key)));
}

void KeyReader::store_host(const ConfigKey& key, std::string host) {
  std::vector<std::string>& hosts = parsed_.configuration.hosts;
  if (std::ranges::find(hosts, host) != hosts.end()) {
    parsed_.warnings.push_back(fmt::format("{}: repeats another host and is ignored", key.name));
    return;
  }
  hosts.push_back(std::move(host));
}

void KeyReader::warn_of_placeholder(const ConfigKey& key) {
  parsed_.warnings.push_back(
      fmt::format("{}: still has the example's placeholder and counts as absent", key.name));
}

void KeyReader::read_list(const ConfigKey& key, const RawValue& raw) {
  const bool is_array = raw.form == RawValue::Form::kArray;
  for (const std::string& item : is_array ? raw.items : split_list(raw.text)) {
    const std::string_view text = trimmed(item);
    if (text.empty()) continue;
    if (is_placeholder(text)) {
      warn_of_placeholder(key);
    } else {
      read_list_item(key, text);
    }
  }
}

void KeyReader::read_list_item(const ConfigKey& key, std::string_view item) {
  Configuration& configuration = parsed_.configuration;
  if (key.kind == KeyKind::kTables) {
    return keep(key, item, read_table_pattern(item), [&](std::string pattern) {
      (configuration.*std::get<std::vector<std::string> Configuration::*>(key.target))
          .push_back(std::move(pattern));
    });
  }
  keep(key, item, read_decimal_type(item), [&](DecimalType type) {
    auto& types = configuration.*std::get<std::vector<DecimalType> Configuration::*>(key.target);
    const bool repeated = std::ranges::any_of(types, [&](const DecimalType& other) {
      return other.table == type.table && other.column == type.column;
    });
    if (repeated) return problem(key, fmt::format("{} names its column again", shown(item)));
    types.push_back(std::move(type));
  });
}

void KeyReader::warn_of_unknown_keys() {
  std::vector<std::string> known;
  for (const ConfigKey& key : configuration_keys()) known.emplace_back(key.name);
  for (const auto& [name, value] : document_.items()) {
    if (find_key(name) != nullptr) continue;
    const std::optional<std::string> nearest = nearest_name(name, known);
    parsed_.warnings.push_back(
        fmt::format("{} is no key of the configuration and is ignored{}", shown(name),
                    nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : ""));
  }
}

}  // namespace ringsync
