// Configurations, as a file and as a request holds them: whatever the text, an error or a
// configuration whose values are within their bounds, and no secret in a message.
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "config/keys.h"
#include "fuzz.h"

namespace ringsync::fuzz {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr size_t kSecretBytesMin = 8;
constexpr std::string_view kOtherSecret = "ZZZZ-another-ZZZZ";
/// What every environment variable holds.
constexpr std::string_view kVariable = "planted\"\\\n\x01-variable";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Everything that is said of a configuration.
std::string said_of(const Result<ParsedConfiguration>& parsed) {
  if (!parsed.ok()) return parsed.error().message;
  std::string text;
  for (const std::string& warning : parsed->warnings) text += warning + '\n';
  return text;
}

void check_bounds(const Configuration& configuration) {
  check(!configuration.hosts.empty() && configuration.hosts.size() <= 3, "one to three hosts");
  for (const std::string& host : configuration.hosts) check(!host.empty(), "a host has a name");
  check(contact_points(configuration).size() == configuration.hosts.size(),
        "a point for each host");
  check(configuration.port > 0, "a port");
  check(!configuration.keyspace.empty() && !configuration.cursor_column.empty(), "names");
  check(!configuration.initial_sync_start_ms || *configuration.initial_sync_start_ms <= kNowMs,
        "no start in the future");
  for (const DecimalType& type : configuration.decimal_types) {
    check(type.precision >= 1 && type.precision <= 38 && type.scale <= type.precision,
          "a decimal's size is one");
    check(!type.table.empty() && !type.column.empty(), "a decimal names a column");
  }
}

void check_outcome(const Result<ParsedConfiguration>& parsed, bool says_planted) {
  check_text(said_of(parsed), "a message is UTF-8");
  check(says_planted || !contains(said_of(parsed), "planted"),
        "no variable of the environment is in a message");
  if (parsed.ok()) return check_bounds(parsed->configuration);
  check(parsed.error().code == ErrorCode::kConfig, "what is no configuration is told as such");
}

Result<ParsedConfiguration> read_file(std::string_view text) {
  Surroundings surroundings;
  surroundings.now_ms = kNowMs;
  surroundings.variable = [](const std::string& name) -> std::optional<std::string> {
    if (name.size() % 2 == 0) return std::nullopt;
    return std::string(kVariable);
  };
  surroundings.file_problem = [](const std::string& path) -> std::optional<std::string> {
    if (path.size() % 2 == 0) return std::nullopt;
    return "No such file or directory";
  };
  return parse_configuration(text, "configuration.json", surroundings);
}

Result<ParsedConfiguration> read_request(const nlohmann::json& document) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : document.items()) {
    values[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  const auto keep = [](std::string_view value) -> Result<std::string> {
    if (value.size() % 2 == 0) return std::string("/proc/self/fd/9");
    return Error{ErrorCode::kConfig, "is not base64"};
  };
  return parse_configuration(values, kNowMs, keep);
}

/// A secret that is in what is said, but not in what is said of another secret: else it only reads
/// like words of the product. One that stands elsewhere in the document may be shown from there.
void check_secret(const nlohmann::json& document, const std::string& name) {
  const ConfigKey* const key = find_key(name);
  if (key == nullptr || !key->secret || !document[name].is_string()) return;
  const auto secret = document[name].get<std::string>();
  nlohmann::json other = document;
  other[name] = kOtherSecret;
  if (secret.size() < kSecretBytesMin || contains(other.dump(), secret)) return;
  const auto leaks = [&](const auto& read) {
    return contains(said_of(read(document)), secret) && !contains(said_of(read(other)), secret);
  };
  check(!leaks(read_request), "no secret of a request is in a message");
  // "${…}" names a variable, and its name is shown.
  const auto read_dumped = [](const nlohmann::json& each) { return read_file(each.dump()); };
  check(contains(secret, "${") || !leaks(read_dumped), "no secret of a file is in a message");
}

void run(std::string_view text) {
  const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool says_planted =
      contains(text, "planted") || (document.is_object() && contains(document.dump(), "planted"));
  check_outcome(read_file(text), says_planted);
  if (!document.is_object()) return;
  check_outcome(read_request(document), says_planted);
  for (const auto& [name, value] : document.items()) check_secret(document, name);
}

}  // namespace
}  // namespace ringsync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ringsync::fuzz::run(ringsync::as_text({data, size}));
  return 0;
}
