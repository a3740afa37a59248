#include "config/cross_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/keys.h"

namespace ringsync {
namespace {

// Writers' clocks differ by seconds, and a write may take as long as its time-out, 2 s by default.
constexpr uint64_t kLateSecondsLeast = 10;

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Keys that another one must switch on. Where that one is off by default only, a slip is likely,
/// and going on would be dangerous: a file of authorities tells that somebody wants TLS.
void check_needs(const Configuration& configuration, std::span<const std::string_view> given,
                 CrossChecks& checks) {
  for (const ConfigKey& key : configuration_keys()) {
    if (key.needs.empty() || !contains(given, key.name)) continue;
    const ConfigKey& switch_key = *find_key(key.needs);
    if (configuration.*std::get<bool Configuration::*>(switch_key.target)) continue;
    if (contains(given, switch_key.name)) {
      checks.warnings.push_back(
          fmt::format("{}: is ignored, since {} is false", key.name, switch_key.name));
    } else {
      checks.problems.push_back(
          fmt::format("{}: has no effect without {}; write \"{}\": true too, or false to ignore it",
                      key.name, switch_key.name, switch_key.name));
    }
  }
}

void check_tls(const Configuration& configuration, CrossChecks& checks) {
  if (!configuration.tls) return;
  if (configuration.tls_cert_file.empty() != configuration.tls_key_file.empty()) {
    const bool lacks_key = configuration.tls_key_file.empty();
    checks.problems.push_back(fmt::format(
        "{}: is missing; a client certificate needs both tls_cert_file and tls_key_file",
        lacks_key ? "tls_key_file" : "tls_cert_file"));
  }
  if (configuration.tls_verify == TlsVerification::kNone) {
    checks.warnings.push_back(fmt::format(
        "tls_verify: none checks no certificate: whoever stands between can read everything{}",
        configuration.tls_ca_file.empty() ? "" : "; tls_ca_file is not used"));
  }
}

void check_lateness(const Configuration& configuration, CrossChecks& checks) {
  const uint64_t seconds = uint64_t{configuration.lag_seconds} + configuration.overlap_seconds;
  if (seconds >= kLateSecondsLeast) return;
  checks.warnings.push_back(fmt::format(
      "lag_seconds and overlap_seconds: rows that become visible more than {} s after the time in "
      "their {} will be missed; 60 s or more allow for slow writes and clocks that differ",
      seconds, configuration.cursor_column));
}

}  // namespace

CrossChecks check_together(const Configuration& configuration,
                           std::span<const std::string_view> given) {
  CrossChecks checks;
  check_needs(configuration, given, checks);
  check_tls(configuration, checks);
  check_lateness(configuration, checks);
  return checks;
}

}  // namespace ringsync
