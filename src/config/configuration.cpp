#include "config/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "config/keys.h"
#include "config/nearest.h"
#include "config/syntax_error.h"
#include "config/table_filter.h"
#include "config/values.h"

namespace ringsync {
namespace {

using nlohmann::json;

/// A configuration is a few hundred bytes; more is another file.
constexpr size_t kFileBytesMax = size_t{1} << 20;

/// The value of one key as it stands in the file.
struct RawValue {
  bool present = false;            // there, and not null
  bool unusable = false;           // an object, a fraction, …: no key takes it
  std::string text;                // texts, whole numbers and booleans
  std::vector<std::string> items;  // arrays
  bool is_array = false;
};

std::optional<std::string> scalar_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return std::nullopt;
}

RawValue raw_value(const json& value) {
  RawValue raw;
  raw.present = !value.is_null();
  if (!raw.present) return raw;
  raw.is_array = value.is_array();
  if (raw.is_array) {
    for (const json& item : value) {
      raw.unusable = raw.unusable || !item.is_string();
      if (item.is_string()) raw.items.push_back(item.get<std::string>());
    }
    return raw;
  }
  const std::optional<std::string> text = scalar_text(value);
  raw.unusable = !text;
  raw.text = text.value_or("");
  return raw;
}

/// Fills a Configuration key by key and collects what is wrong.
class Reader {
 public:
  explicit Reader(const json& document);

  void read_all();
  void add_problem(std::string line) { problems_.push_back(std::move(line)); }
  const std::vector<std::string>& problems() const { return problems_; }
  ParsedConfiguration take() { return std::move(parsed_); }

 private:
  void read_key(const ConfigKey& key);
  void read_tables(const ConfigKey& key, const RawValue& raw);
  void read_text(const ConfigKey& key, std::string_view text);
  void store_host(const ConfigKey& key, std::string host);
  void report_absent(const ConfigKey& key, bool present);
  void warn_of_unknown_keys();
  std::string shown(std::string_view value) const;
  void problem(const ConfigKey& key, std::string_view what) {
    problems_.push_back(fmt::format("{}: {}", key.name, what));
  }

  const json& document_;
  ParsedConfiguration parsed_;
  std::vector<std::string> problems_;  // a line each
  std::vector<std::string> secrets_;
};

Reader::Reader(const json& document) : document_(document) {
  for (const ConfigKey& key : configuration_keys()) {
    const auto found = document.find(key.name);
    if (!key.secret || found == document.end()) continue;
    const std::optional<std::string> text = scalar_text(*found);
    if (text && !text->empty()) secrets_.push_back(*text);
  }
}

void Reader::read_all() {
  for (const ConfigKey& key : configuration_keys()) read_key(key);
  warn_of_unknown_keys();
}

/// The value in quotes. A value that holds a secret, or a log-in as in "user:password@host", is
/// not repeated.
std::string Reader::shown(std::string_view value) const {
  const bool hidden = value.find('@') != std::string_view::npos ||
                      std::ranges::any_of(secrets_, [&](const std::string& secret) {
                        return value.find(secret) != std::string_view::npos;
                      });
  return hidden ? "the value (not shown)" : quoted_for_message(value);
}

void Reader::read_key(const ConfigKey& key) {
  const auto found = document_.find(key.name);
  const RawValue raw = found == document_.end() ? RawValue{} : raw_value(*found);
  if (raw.unusable || (raw.is_array && key.kind != KeyKind::kTables)) {
    return problem(
        key, fmt::format("the value is of the wrong JSON type; write {}", expected_value(key)));
  }
  if (key.kind == KeyKind::kTables) return read_tables(key, raw);
  // A password is taken as it is; everywhere else white space at the ends is a slip.
  const std::string_view text = key.secret ? std::string_view(raw.text) : trimmed(raw.text);
  if (is_placeholder(text)) {
    if (key.required) {
      return problem(
          key, fmt::format("still has the example's placeholder; write {}", expected_value(key)));
    }
    parsed_.warnings.push_back(
        fmt::format("{}: still has the example's placeholder and counts as absent", key.name));
  } else if (!text.empty()) {
    return read_text(key, text);
  }
  report_absent(key, raw.present);
}

void Reader::report_absent(const ConfigKey& key, bool present) {
  if (key.required) {
    return problem(
        key, fmt::format("is {}; write {}", present ? "empty" : "missing", expected_value(key)));
  }
  if (!key.default_value.empty()) read_text(key, key.default_value);
}

void Reader::read_text(const ConfigKey& key, std::string_view text) {
  Configuration& configuration = parsed_.configuration;
  const auto store = [&](auto result, auto&& keep) {
    if (result.ok()) return keep(std::move(result).value());
    problem(key, fmt::format("{} {}", shown(text), result.error().message));
  };
  switch (key.kind) {
    case KeyKind::kString:
      configuration.*std::get<std::string Configuration::*>(key.target) = text;
      return;
    case KeyKind::kHost:
      return store(read_host(text), [&](std::string host) { store_host(key, std::move(host)); });
    case KeyKind::kPort:
      return store(read_integer(key, text), [&](uint32_t number) {
        configuration.*std::get<uint16_t Configuration::*>(key.target) =
            static_cast<uint16_t>(number);
      });
    case KeyKind::kInteger:
      return store(read_integer(key, text), [&](uint32_t number) {
        configuration.*std::get<uint32_t Configuration::*>(key.target) = number;
      });
    case KeyKind::kConsistency:
      return store(read_consistency(key, text), [&](Consistency level) {
        configuration.*std::get<Consistency Configuration::*>(key.target) = level;
      });
    case KeyKind::kTables: return;  // read_tables
  }
}

void Reader::store_host(const ConfigKey& key, std::string host) {
  std::vector<std::string>& hosts = parsed_.configuration.hosts;
  if (std::ranges::find(hosts, host) != hosts.end()) {
    parsed_.warnings.push_back(fmt::format("{}: repeats another host and is ignored", key.name));
    return;
  }
  hosts.push_back(std::move(host));
}

void Reader::read_tables(const ConfigKey& key, const RawValue& raw) {
  auto& patterns =
      parsed_.configuration.*std::get<std::vector<std::string> Configuration::*>(key.target);
  std::vector<std::string> given = raw.is_array ? raw.items : split_list(raw.text);
  for (const std::string& item : given) {
    const std::string_view pattern = trimmed(item);
    if (pattern.empty()) continue;
    if (is_placeholder(pattern)) {
      parsed_.warnings.push_back(
          fmt::format("{}: still has the example's placeholder and counts as absent", key.name));
      continue;
    }
    const Status fit = check_table_pattern(pattern);
    if (fit.ok()) {
      patterns.emplace_back(pattern);
    } else {
      problem(key, fmt::format("{} {}", shown(pattern), fit.error().message));
    }
  }
}

void Reader::warn_of_unknown_keys() {
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

Error wrong_file(std::string_view origin, std::string_view what) {
  return Error{ErrorCode::kConfig, fmt::format("{}: {}", origin, what)};
}

/// The document and the names that stand in it twice (JSON leaves their meaning open, RFC 8259
/// section 4, so neither value can be trusted). Error where the text is not JSON.
Result<json> parse_json(std::string_view text, std::string_view origin,
                        std::set<std::string>& repeated) {
  std::set<std::string> met;
  const auto note_keys = [&](int depth, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::key && depth == 1) {
      auto name = value.get<std::string>();
      if (!met.insert(name).second) repeated.insert(std::move(name));
    }
    return true;
  };
  try {
    return json::parse(text, note_keys);
  } catch (const json::parse_error& error) {
    return Error{ErrorCode::kConfig, describe_syntax_error(text, origin, error.byte, error.what())};
  } catch (const json::out_of_range&) {
    return Error{ErrorCode::kConfig,
                 fmt::format("{}: a number in it is too large; write it as text", origin)};
  }
}

}  // namespace

std::string_view to_string(Consistency consistency) {
  return consistency_names()[static_cast<size_t>(consistency)];
}

Result<ParsedConfiguration> parse_configuration(std::string_view json_text,
                                                std::string_view origin) {
  std::set<std::string> repeated;
  RINGSYNC_ASSIGN(const json document, parse_json(json_text, origin, repeated));
  if (!document.is_object()) {
    return wrong_file(origin, R"(is not a JSON object; write {"host_1": "…", …})");
  }
  Reader reader(document);
  reader.read_all();
  for (const std::string& name : repeated) {
    reader.add_problem(
        fmt::format("{}: stands there more than once; keep one", quoted_for_message(name)));
  }
  if (reader.problems().empty()) return reader.take();
  const size_t count = reader.problems().size();
  std::string text = fmt::format("{} problem{} in the configuration:\n  {}", count,
                                 count == 1 ? "" : "s", fmt::join(reader.problems(), "\n  "));
  // A key that is missing may be there misspelt.
  for (const std::string& warning : reader.take().warnings) text += "\n  note: " + warning;
  return wrong_file(origin, text);
}

Result<ParsedConfiguration> load_configuration(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    text.resize(kFileBytesMax + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
  }
  if (file.bad() || (!file.is_open())) {
    return wrong_file(path, fmt::format("cannot be read ({}); name the configuration file with "
                                        "--configuration FILE",
                                        std::generic_category().message(errno)));
  }
  if (text.size() > kFileBytesMax) {
    return wrong_file(path,
                      "is larger than 1 MiB; name the configuration file with "
                      "--configuration FILE");
  }
  return parse_configuration(text, path);
}

std::vector<std::string> contact_points(const Configuration& configuration) {
  std::vector<std::string> points;
  for (const std::string& host : configuration.hosts) {
    const bool ipv6 = host.find(':') != std::string::npos;
    points.push_back(ipv6 ? fmt::format("[{}]:{}", host, configuration.port)
                          : fmt::format("{}:{}", host, configuration.port));
  }
  return points;
}

}  // namespace ringsync
