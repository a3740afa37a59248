// The configuration of a sync: what configuration.json says, checked and typed, before anything is
// connected to. Plain values; every function here is pure but load_configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/fivetran_type.h"

namespace ringsync {

struct ConfigKey;

/// Consistency levels that a range read can have.
enum class Consistency : uint8_t { kOne, kTwo, kThree, kQuorum, kAll, kLocalQuorum, kLocalOne };

/// The level's CQL name, as LOCAL_QUORUM.
std::string_view to_string(Consistency consistency);

// What the choices of a key mean stands in keys.cpp, beside their names.
enum class TlsVerification : uint8_t { kCa, kFull, kNone };
enum class IndexReads : uint8_t { kAuto, kNever };
enum class NestedTypes : uint8_t { kJson, kNative };
enum class UnrepresentableValues : uint8_t { kFail, kNull };

/// A decimal or varint column that is kept as a fixed-point number.
struct DecimalType {
  std::string table;      // a name, or a pattern with `*`
  std::string column;     // a name
  uint8_t precision = 0;  // digits in all, 1 to 38
  uint8_t scale = 0;      // of these behind the point

  bool operator==(const DecimalType&) const = default;
};

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
  bool include_views = false;

  bool tls = false;
  TlsVerification tls_verify = TlsVerification::kCa;
  std::string tls_ca_file;  // PEM; empty: the system's own authorities
  std::string tls_cert_file;
  std::string tls_key_file;

  std::string cursor_column;
  std::optional<int64_t> initial_sync_start_ms;  // since the epoch; a first sync reads from there
  uint32_t lag_seconds = 0;
  uint32_t overlap_seconds = 0;
  IndexReads index_reads = IndexReads::kAuto;
  uint32_t interval_hours = 0;  // of the window of an index read
  Consistency consistency = Consistency::kLocalQuorum;
  uint32_t page_size = 0;            // rows a page at most
  uint32_t max_in_flight = 0;        // scans at once; 0: chosen from the cluster
  uint32_t max_rows_per_second = 0;  // 0: no limit
  uint32_t connect_timeout_seconds = 0;
  uint32_t request_timeout_seconds = 0;
  uint32_t retry_seconds = 0;  // a scan that gets nowhere is tried again for so long

  TypeMapping type_mapping = TypeMapping::kCompatible;
  NestedTypes nested_types = NestedTypes::kJson;
  std::vector<DecimalType> decimal_types;  // the first that fits a column counts
  UnrepresentableValues on_unrepresentable = UnrepresentableValues::kFail;

  uint32_t checkpoint_interval = 0;  // rows
  uint32_t commit_rows = 0;
  uint32_t commit_seconds = 0;
};

struct ParsedConfiguration {
  Configuration configuration;
  std::vector<std::string> warnings;  // one line each; never with a value of a secret key
};

using FileKeeper = std::function<Result<std::string>(std::string_view value)>;

/// What a configuration is checked against besides itself.
struct Surroundings {
  /// The value of an environment variable; none where it is not set. Empty where the configuration
  /// is a stranger's: "${" then stands for itself.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  /// What keeps a file from being read ("No such file or directory"); none where it can be.
  std::function<std::optional<std::string>(const std::string& path)> file_problem;
  int64_t now_ms = 0;  // since the epoch
  /// Keeps a file whose content, encoded, came as the value of a key, and returns its path. Its
  /// error is a clause that does not repeat the value. Empty where values are paths.
  FileKeeper keep_file = {};
};

/// This process's environment, files and clock.
Surroundings process_surroundings();

/// Values of keys that count more than the file's, as if they stood there; options of the command
/// line give them.
using KeyOverrides = std::map<std::string, std::string>;

/// Reads the JSON text of a configuration; `origin` names it in messages (the file's path). "${X}"
/// in a value stands for the environment variable X, "$${" for "${". Error kConfig lists all
/// problems at once, a line each: key, what is wrong, what to write. No message holds the value of
/// a secret key or of an environment variable.
Result<ParsedConfiguration> parse_configuration(std::string_view json_text, std::string_view origin,
                                                const Surroundings& surroundings,
                                                const KeyOverrides& overrides = {});

/// Reads a configuration that came as texts by key, as Fivetran sends it, with the same rules but
/// two: no environment variable is looked at, and files come as their content, which `keep_file` is
/// given.
Result<ParsedConfiguration> parse_configuration(const std::map<std::string, std::string>& values,
                                                int64_t now_ms, FileKeeper keep_file);

/// parse_configuration on the file at `path`, in the process's surroundings. Error kConfig too
/// where it cannot be read.
Result<ParsedConfiguration> load_configuration(const std::string& path,
                                               const KeyOverrides& overrides = {});

/// Whether an option of the command line may give its key this value. Error kConfig names the
/// option, says what is wrong, and what to write.
Status check_option(const ConfigKey& key, const std::string& value);

/// The hosts as "host:port", IPv6 addresses in brackets.
std::vector<std::string> contact_points(const Configuration& configuration);

}  // namespace ringsync
