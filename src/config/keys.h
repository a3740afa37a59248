// The keys of the configuration file: one table, from which validation, help texts and documents
// are made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/configuration.h"

namespace ringsync {

enum class KeyKind : uint8_t {
  kString,
  kHost,  // a name, an IPv4 or an IPv6 address; no port
  kPort,
  kInteger,      // from integer_min to integer_max
  kTables,       // names or patterns: a comma-separated text or an array of texts
  kConsistency,  // one of consistency_names()
};

/// Where a key's value goes. A host is appended to Configuration::hosts.
using KeyTarget =
    std::variant<std::monostate, std::string Configuration::*, uint16_t Configuration::*,
                 uint32_t Configuration::*, std::vector<std::string> Configuration::*,
                 Consistency Configuration::*>;

struct ConfigKey {
  std::string_view name;
  KeyKind kind = KeyKind::kString;
  bool required = false;
  bool secret = false;             // its value is shown nowhere
  std::string_view default_value;  // as it would be written; empty: none
  uint32_t integer_min = 0;
  uint32_t integer_max = 0;
  std::string_view example;      // placeholder or value for an example file
  std::string_view description;  // what it is, fit to follow "write …"
  KeyTarget target;
};

/// Every key, in the order in which documents show them.
std::span<const ConfigKey> configuration_keys();

/// The key called `name`, or null.
const ConfigKey* find_key(std::string_view name);

/// What a value of this key must look like, fit to follow "write …".
std::string expected_value(const ConfigKey& key);

/// Names of the consistency levels, in the order of the enumeration.
std::span<const std::string_view> consistency_names();

/// The keys as a text for a terminal, no line longer than `width` columns.
std::string configuration_help(size_t width);

}  // namespace ringsync
