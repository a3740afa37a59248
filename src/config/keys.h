// The keys of the configuration file: one table, from which validation, help texts, documents and
// forms are made. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
  kInteger,       // from integer_min to integer_max
  kBoolean,       // true or false
  kChoice,        // one of `choices`
  kFile,          // a PEM file: its path, or from a form its content
  kTables,        // names or patterns: a comma-separated text or an array of texts
  kDateTime,      // ISO 8601
  kDecimalTypes,  // table.column=DECIMAL(precision,scale): a list as of kTables
};

/// The parts into which documents and forms divide the keys, in their order.
enum class KeyGroup : uint8_t { kConnection, kTls, kSelection, kReading, kTypes, kDelivery };

/// A group's heading.
std::string_view to_string(KeyGroup group);

struct Choice {
  std::string_view name;
  std::string_view meaning;  // a clause
};

/// Puts the choice with this index into its member.
using ChoiceStore = void (*)(Configuration&, size_t index);

/// Where a key's value goes. A host is appended to Configuration::hosts.
using KeyTarget =
    std::variant<std::monostate, std::string Configuration::*, uint16_t Configuration::*,
                 uint32_t Configuration::*, bool Configuration::*,
                 std::vector<std::string> Configuration::*, std::optional<int64_t> Configuration::*,
                 std::vector<DecimalType> Configuration::*, ChoiceStore>;

struct ConfigKey {
  std::string_view name;
  std::string_view label{};  // for a form: a few words
  KeyGroup group = KeyGroup::kConnection;
  KeyKind kind = KeyKind::kString;
  KeyTarget target{};
  bool required = false;
  bool secret = false;               // its value is shown nowhere
  bool databases_only = false;       // of no effect where the destination is Fivetran
  std::string_view default_value{};  // as it would be written; empty: none
  uint32_t integer_min = 0;
  uint32_t integer_max = 0;
  std::span<const Choice> choices{};
  std::string_view example{};       // placeholder or value for an example file
  std::string_view environment{};   // the variable that holds the value where the file does not
  std::string_view needs{};         // the boolean key without which this one has no effect
  std::string_view option_value{};  // what the value is called where an option stands for the key;
                                    // empty: none does
  std::string_view description{};   // what it is, fit to follow "write …"
  std::string_view advice{};        // when to set or change it; whole sentences
};

/// Every key, in the order in which documents show them.
std::span<const ConfigKey> configuration_keys();

/// The key called `name`, or null.
const ConfigKey* find_key(std::string_view name);

/// What a value of this key must look like, fit to follow "write …".
std::string expected_value(const ConfigKey& key);

/// The option of the command line that stands for a key: --commit-rows for commit_rows.
std::string option_name(const ConfigKey& key);

/// Names of the consistency levels, in the order of the enumeration.
std::span<const Choice> consistency_levels();

}  // namespace ringsync
