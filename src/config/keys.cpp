#include "config/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace ringsync {
namespace {

constexpr std::array<std::string_view, 7> kConsistencyNames{
    "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM", "LOCAL_ONE"};

ConfigKey any_key(KeyKind kind, std::string_view name, std::string_view example,
                  std::string_view description, KeyTarget target) {
  ConfigKey key;
  key.name = name;
  key.kind = kind;
  key.example = example;
  key.description = description;
  key.target = target;
  return key;
}

ConfigKey required(ConfigKey key) {
  key.required = true;
  return key;
}

ConfigKey host_key(std::string_view name, std::string_view example, std::string_view description) {
  return any_key(KeyKind::kHost, name, example, description, {});
}

ConfigKey text_key(std::string_view name, std::string_view example, std::string_view description,
                   std::string Configuration::*target) {
  return any_key(KeyKind::kString, name, example, description, target);
}

ConfigKey defaulting(ConfigKey key, std::string_view default_value) {
  key.default_value = default_value;
  return key;
}

ConfigKey within(ConfigKey key, uint32_t min, uint32_t max) {
  key.integer_min = min;
  key.integer_max = max;
  return key;
}

ConfigKey integer_key(std::string_view name, std::string_view default_value, uint32_t min,
                      uint32_t max, std::string_view description, uint32_t Configuration::*target) {
  const ConfigKey key = any_key(KeyKind::kInteger, name, default_value, description, target);
  return within(defaulting(key, default_value), min, max);
}

ConfigKey tables_key(std::string_view name, std::string_view example, std::string_view description,
                     std::vector<std::string> Configuration::*target) {
  return any_key(KeyKind::kTables, name, example, description, target);
}

/// The keys of the original example, with its placeholders.
void add_connection_keys(std::vector<ConfigKey>& keys) {
  using C = Configuration;
  keys.push_back(required(host_key("host_1", "<YOUR_SCYLLA_DB_HOST_1>",
                                   "the name or address of a node to connect to first")));
  keys.push_back(host_key("host_2", "<YOUR_SCYLLA_DB_HOST_2>",
                          "a second node, asked when the first does not answer"));
  keys.push_back(host_key("host_3", "<YOUR_SCYLLA_DB_HOST_3>",
                          "a third node, asked when the others do not answer"));
  const ConfigKey port = any_key(KeyKind::kPort, "port", "<YOUR_SCYLLA_DB_PORT>",
                                 "the port on which the nodes speak CQL", &C::port);
  keys.push_back(within(defaulting(port, "9042"), 1, 65535));
  keys.push_back(required(text_key("username", "<YOUR_SCYLLA_DB_USERNAME>",
                                   "the name of the role to log in as", &C::username)));
  keys.push_back(required(
      text_key("password", "<YOUR_SCYLLA_DB_PASSWORD>", "the role's password", &C::password)));
  keys.back().secret = true;
  keys.push_back(required(text_key("data_center_region", "<YOUR_SCYLLA_DB_DATA_CENTER_REGION>",
                                   "the data center to read from, as `nodetool status` names it",
                                   &C::data_center_region)));
  keys.push_back(required(
      text_key("keyspace", "<YOUR_SCYLLA_DB_KEYSPACE>", "the keyspace to sync", &C::keyspace)));
}

void add_sync_keys(std::vector<ConfigKey>& keys) {
  using C = Configuration;
  keys.push_back(tables_key("tables", "flights, weather_*",
                            "the tables to sync, without it every table of the keyspace",
                            &C::tables));
  keys.push_back(tables_key("exclude_tables", "*_old",
                            "the tables to leave out, even where `tables` names them",
                            &C::exclude_tables));
  const ConfigKey cursor = text_key("cursor_column", "updated_at",
                                    "the timestamp column that tells changed rows; tables without "
                                    "it are read in full by each sync",
                                    &C::cursor_column);
  keys.push_back(defaulting(cursor, "updated_at"));
  keys.push_back(integer_key("checkpoint_interval", "1000", 1, 1'000'000'000,
                             "the rows between two checkpoints", &C::checkpoint_interval));
  keys.push_back(integer_key("lag_seconds", "30", 0, 86'400,
                             "how far behind now a sync sets the start of the next one",
                             &C::lag_seconds));
  keys.push_back(integer_key("overlap_seconds", "300", 0, 31'536'000,
                             "how far before the last sync's end an incremental read begins",
                             &C::overlap_seconds));
  keys.push_back(integer_key("page_size", "5000", 1, 1'000'000,
                             "the most rows to ask of the server at once", &C::page_size));
  keys.push_back(integer_key("max_in_flight", "0", 0, 4096,
                             "the most token ranges to read at once; 0 chooses from the "
                             "cluster's size",
                             &C::max_in_flight));
  const ConfigKey consistency = any_key(KeyKind::kConsistency, "consistency", "LOCAL_QUORUM",
                                        "the consistency level of reads", &C::consistency);
  keys.push_back(defaulting(consistency, "LOCAL_QUORUM"));
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

}  // namespace

std::span<const ConfigKey> configuration_keys() {
  static const std::vector<ConfigKey> keys = [] {
    std::vector<ConfigKey> made;
    add_connection_keys(made);
    add_sync_keys(made);
    return made;
  }();
  return keys;
}

const ConfigKey* find_key(std::string_view name) {
  const auto keys = configuration_keys();
  const auto found = std::ranges::find(keys, name, &ConfigKey::name);
  return found == keys.end() ? nullptr : &*found;
}

std::span<const std::string_view> consistency_names() { return kConsistencyNames; }

std::string expected_value(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kPort:
    case KeyKind::kInteger:
      return fmt::format("a whole number from {} to {}", key.integer_min, key.integer_max);
    case KeyKind::kTables: return R"(table names separated by commas, as "flights, weather_*")";
    case KeyKind::kConsistency: return fmt::format("one of {}", fmt::join(kConsistencyNames, ", "));
    case KeyKind::kHost:
    case KeyKind::kString: break;
  }
  return std::string(key.description);
}

std::string configuration_help(size_t width) {
  constexpr size_t kNameWidth = 20;
  constexpr size_t kNeedWidth = 21;
  const size_t indent = 2 + kNameWidth + 1 + kNeedWidth + 1;
  std::string help =
      "The configuration file is one JSON object. Every value may be written as text;\n"
      "null and empty text count as absent.\n\n";
  for (const ConfigKey& key : configuration_keys()) {
    std::string text(key.description);
    if (key.kind == KeyKind::kTables || key.kind == KeyKind::kConsistency ||
        key.kind == KeyKind::kInteger) {
      text += fmt::format(" ({})", expected_value(key));
    }
    const size_t text_width = width > indent + 20 ? width - indent : 20;
    help += fmt::format("  {:<{}} {:<{}} {}\n", key.name, kNameWidth, need_of(key), kNeedWidth,
                        wrapped(text, text_width, indent));
  }
  return help;
}

}  // namespace ringsync
