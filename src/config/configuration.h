// The configuration of a sync: what configuration.json says, checked and typed, before anything is
// connected to. Plain values; every function here is pure but load_configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringsync {

/// Consistency levels that a range read can have.
enum class Consistency : uint8_t { kOne, kTwo, kThree, kQuorum, kAll, kLocalQuorum, kLocalOne };

/// The level's CQL name, as LOCAL_QUORUM.
std::string_view to_string(Consistency consistency);

/// Made by parse_configuration, which fills every member: from the file, or from the default that
/// configuration_keys() states. Members have the names of their keys.
struct Configuration {
  std::vector<std::string> hosts;  // host_1 to host_3 as far as given; IPv6 without brackets
  uint16_t port = 0;
  std::string username;
  std::string password;  // secret: never in a log or an error
  std::string data_center_region;
  std::string keyspace;
  std::vector<std::string> tables;          // names or patterns with `*`; empty: every table
  std::vector<std::string> exclude_tables;  // the same; wins over `tables`
  std::string cursor_column;
  uint32_t checkpoint_interval = 0;  // rows
  uint32_t lag_seconds = 0;
  uint32_t overlap_seconds = 0;
  uint32_t page_size = 0;      // rows a page at most
  uint32_t max_in_flight = 0;  // scans at once; 0: chosen from the cluster
  Consistency consistency = Consistency::kLocalQuorum;
};

struct ParsedConfiguration {
  Configuration configuration;
  std::vector<std::string> warnings;  // one line each; never with a value of a secret key
};

/// Reads the JSON text of a configuration; `origin` names it in messages (the file's path). Error
/// kConfig lists all problems at once, a line each: key, what is wrong, what to write. The value of
/// a secret key is in no message.
Result<ParsedConfiguration> parse_configuration(std::string_view json_text,
                                                std::string_view origin);

/// parse_configuration on the file at `path`. Error kConfig too where it cannot be read.
Result<ParsedConfiguration> load_configuration(const std::string& path);

/// The hosts as "host:port", IPv6 addresses in brackets.
std::vector<std::string> contact_points(const Configuration& configuration);

}  // namespace ringsync
