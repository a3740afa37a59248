#include "config/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "config/key_reader.h"
#include "config/keys.h"
#include "config/syntax_error.h"
#include "config/values.h"

namespace ringsync {
namespace {

using nlohmann::json;

/// A configuration is a few hundred bytes; more is another file.
constexpr size_t kFileBytesMax = size_t{1} << 20;

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

/// All that is wrong, a line each.
std::string told_problems(KeyReader& reader) {
  const size_t count = reader.problems().size();
  std::string text = fmt::format("{} problem{} in the configuration:\n  {}", count,
                                 count == 1 ? "" : "s", fmt::join(reader.problems(), "\n  "));
  // A key that is missing may be there misspelt.
  for (const std::string& warning : reader.take().warnings) text += "\n  note: " + warning;
  return text;
}

}  // namespace

std::string_view to_string(Consistency consistency) {
  return consistency_levels()[static_cast<size_t>(consistency)].name;
}

Surroundings process_surroundings() {
  Surroundings surroundings;
  surroundings.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  surroundings.file_problem = [](const std::string& path) -> std::optional<std::string> {
    std::ifstream file(path, std::ios::binary);
    if (file && (file.peek(), !file.bad())) return std::nullopt;
    return std::generic_category().message(errno);
  };
  surroundings.now_ms = SystemClock().wall_us() / 1000;
  return surroundings;
}

Result<ParsedConfiguration> parse_configuration(std::string_view json_text, std::string_view origin,
                                                const Surroundings& surroundings,
                                                const KeyOverrides& overrides) {
  std::set<std::string> repeated;
  RINGSYNC_ASSIGN(json document, parse_json(json_text, origin, repeated));
  if (!document.is_object()) {
    return wrong_file(origin, R"(is not a JSON object; write {"host_1": "…", …})");
  }
  for (const auto& [name, value] : overrides) document[name] = value;
  KeyReader reader(document, surroundings);
  reader.read_all();
  for (const std::string& name : repeated) {
    reader.add_problem(
        fmt::format("{}: stands there more than once; keep one", quoted_for_message(name)));
  }
  if (reader.problems().empty()) return reader.take();
  return wrong_file(origin, told_problems(reader));
}

Result<ParsedConfiguration> parse_configuration(const std::map<std::string, std::string>& values,
                                                int64_t now_ms, FileKeeper keep_file) {
  const json document(values);
  Surroundings surroundings;
  surroundings.now_ms = now_ms;
  surroundings.keep_file = std::move(keep_file);
  KeyReader reader(document, surroundings);
  reader.read_all();
  if (reader.problems().empty()) return reader.take();
  return Error{ErrorCode::kConfig, told_problems(reader)};
}

Status check_option(const ConfigKey& key, const std::string& value) {
  const json document{{std::string(key.name), value}};
  const Surroundings surroundings = process_surroundings();
  KeyReader reader(document, surroundings, KeyReader::Names::kOptions);
  reader.read_given(key);
  if (reader.problems().empty()) return {};
  return Error{ErrorCode::kConfig, fmt::format("{}", fmt::join(reader.problems(), "\n"))};
}

Result<ParsedConfiguration> load_configuration(const std::string& path,
                                               const KeyOverrides& overrides) {
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
  return parse_configuration(text, path, process_surroundings(), overrides);
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
