#include "config/keys.h"

#include <algorithm>
#include <array>

namespace ringsync {
namespace {

using C = Configuration;

template <auto Member>
void store_choice(Configuration& configuration, size_t index) {
  auto& member = configuration.*Member;
  member = static_cast<std::remove_reference_t<decltype(member)>>(index);
}

constexpr uint32_t kAnyCount = 1'000'000'000;
constexpr uint32_t kDaySeconds = 86'400;

// Choices stand in the order of their enumerations.
constexpr std::array<Choice, 7> kConsistencyLevels{{{"ONE", "one replica answers"},
                                                    {"TWO", "two replicas"},
                                                    {"THREE", "three replicas"},
                                                    {"QUORUM", "most replicas of all data centers"},
                                                    {"ALL", "every replica"},
                                                    {"LOCAL_QUORUM",
                                                     "most replicas of "
                                                     "`data_center_region`"},
                                                    {"LOCAL_ONE", "one replica of it"}}};
constexpr std::array<Choice, 3> kTlsVerifications{
    {{"ca", "its chain of certificates must lead to a trusted authority"},
     {"full", "that, and it must name the node's IP address"},
     {"none", "nothing is checked, so that anybody in between can read along"}}};
constexpr std::array<Choice, 2> kIndexReads{
    {{"auto", "through an index of the cursor column where the estimate says that it is cheaper"},
     {"never", "always by a scan"}}};
constexpr std::array<Choice, 2> kTypeMappings{
    {{"compatible", "the types of Fivetran's own example"},
     {"lossless", "types that hold every value exactly"}}};
constexpr std::array<Choice, 2> kNestedForms{
    {{"json", "JSON text"}, {"native", "the destination's own lists, structs and maps"}}};
constexpr std::array<Choice, 2> kUnrepresentable{
    {{"fail", "the table fails and names the row's token"},
     {"null", "the value becomes NULL, counted in a warning; values of a primary key still fail"}}};

constexpr std::array kConnectionKeys{
    ConfigKey{.name = "host_1",
              .label = "Host",
              .kind = KeyKind::kHost,
              .required = true,
              .example = "<YOUR_SCYLLA_DB_HOST_1>",
              .description = "the name or address of a node to connect to first",
              .advice = "Any node of the data center will do: it tells of the others."},
    ConfigKey{.name = "host_2",
              .label = "Second host",
              .kind = KeyKind::kHost,
              .example = "<YOUR_SCYLLA_DB_HOST_2>",
              .description = "a second node, asked when the first does not answer",
              .advice = "So that a sync can begin while the first node is down."},
    ConfigKey{.name = "host_3",
              .label = "Third host",
              .kind = KeyKind::kHost,
              .example = "<YOUR_SCYLLA_DB_HOST_3>",
              .description = "a third node, asked when the others do not answer",
              .advice = "As `host_2`."},
    ConfigKey{.name = "port",
              .label = "Port",
              .kind = KeyKind::kPort,
              .target = &C::port,
              .default_value = "9042",
              .integer_min = 1,
              .integer_max = 65535,
              .example = "<YOUR_SCYLLA_DB_PORT>",
              .description = "the port on which the nodes speak CQL",
              .advice = "Where the cluster uses another one, as some do for TLS (9142)."},
    ConfigKey{.name = "username",
              .label = "User name",
              .target = &C::username,
              .required = true,
              .example = "<YOUR_SCYLLA_DB_USERNAME>",
              .environment = "RINGSYNC_USERNAME",
              .description = "the name of the role to log in as",
              .advice = "A role of its own with SELECT on the keyspace is enough."},
    ConfigKey{.name = "password",
              .label = "Password",
              .target = &C::password,
              .required = true,
              .secret = true,
              .example = "<YOUR_SCYLLA_DB_PASSWORD>",
              .environment = "RINGSYNC_PASSWORD",
              .description = "the role's password",
              .advice = "Better from the environment than in a file."},
    ConfigKey{.name = "data_center_region",
              .label = "Data center",
              .target = &C::data_center_region,
              .required = true,
              .example = "<YOUR_SCYLLA_DB_DATA_CENTER_REGION>",
              .description = "the data center to read from, as `nodetool status` names it",
              .advice = "Only its nodes are asked; choose one that can bear the load."},
    ConfigKey{.name = "keyspace",
              .label = "Keyspace",
              .target = &C::keyspace,
              .required = true,
              .example = "<YOUR_SCYLLA_DB_KEYSPACE>",
              .description = "the keyspace to sync",
              .advice = "One configuration for each keyspace."},
    ConfigKey{.name = "connect_timeout_seconds",
              .label = "Connect time-out (seconds)",
              .kind = KeyKind::kInteger,
              .target = &C::connect_timeout_seconds,
              .default_value = "5",
              .integer_min = 1,
              .integer_max = 600,
              .example = "5",
              .description = "how long a host may take to accept a connection",
              .advice = "Longer for a cluster that is far away."},
    ConfigKey{.name = "request_timeout_seconds",
              .label = "Request time-out (seconds)",
              .kind = KeyKind::kInteger,
              .target = &C::request_timeout_seconds,
              .default_value = "30",
              .integer_min = 1,
              .integer_max = 3600,
              .example = "30",
              .description = "how long a node may take to answer one request",
              .advice = "Longer where a page is slow to find, as among many tombstones. The "
                        "server's own limit (`range_request_timeout`) holds too."},
    ConfigKey{.name = "retry_seconds",
              .label = "Retry for (seconds)",
              .kind = KeyKind::kInteger,
              .target = &C::retry_seconds,
              .default_value = "75",
              .integer_min = 0,
              .integer_max = kDaySeconds,
              .example = "75",
              .description = "how long a read that gets nowhere is tried again before its table "
                             "fails",
              .advice = "Longer to wait for nodes that are gone for more than a minute; three "
                        "attempts are made in any case. A sync to which nothing comes any more "
                        "ends after this, `request_timeout_seconds` and ten seconds at most."},
};

constexpr std::array kTlsKeys{
    ConfigKey{.name = "tls",
              .label = "Use TLS",
              .group = KeyGroup::kTls,
              .kind = KeyKind::kBoolean,
              .target = &C::tls,
              .default_value = "false",
              .example = "true",
              .description = "whether connections are encrypted",
              .advice = "Wherever the network is not your own: without it the password and all "
                        "rows travel in the clear."},
    ConfigKey{.name = "tls_verify",
              .label = "Check of the nodes' certificates",
              .group = KeyGroup::kTls,
              .kind = KeyKind::kChoice,
              .target = store_choice<&C::tls_verify>,
              .default_value = "ca",
              .choices = kTlsVerifications,
              .example = "ca",
              .needs = "tls",
              .description = "how a node's certificate is checked",
              .advice = "`full` where the certificates name the nodes' addresses."},
    ConfigKey{.name = "tls_ca_file",
              .label = "Certificate authority (PEM file)",
              .group = KeyGroup::kTls,
              .kind = KeyKind::kFile,
              .target = &C::tls_ca_file,
              .example = "/etc/ringsync/ca.pem",
              .needs = "tls",
              .description = "a PEM file with the authorities to trust",
              .advice = "Where the cluster's authority is not among those that the system trusts."},
    ConfigKey{.name = "tls_cert_file",
              .label = "Client certificate (PEM file)",
              .group = KeyGroup::kTls,
              .kind = KeyKind::kFile,
              .target = &C::tls_cert_file,
              .example = "/etc/ringsync/client.pem",
              .needs = "tls",
              .description = "a PEM file with the client's certificate",
              .advice = "Where the cluster asks clients for one (`require_client_auth`)."},
    ConfigKey{.name = "tls_key_file",
              .label = "Client key (PEM file)",
              .group = KeyGroup::kTls,
              .kind = KeyKind::kFile,
              .target = &C::tls_key_file,
              .example = "/etc/ringsync/client.key",
              .needs = "tls",
              .description = "a PEM file with the client certificate's key, not "
                             "encrypted",
              .advice = "Together with `tls_cert_file`."},
};

constexpr std::array kSelectionKeys{
    ConfigKey{.name = "tables",
              .label = "Tables",
              .group = KeyGroup::kSelection,
              .kind = KeyKind::kTables,
              .target = &C::tables,
              .example = "flights, weather_*",
              .option_value = "A,B",
              .description = "the tables to sync, by default every table of the keyspace",
              .advice = "For a part of the keyspace; new tables are then left out until named. "
                        "`*` stands for any characters."},
    ConfigKey{.name = "exclude_tables",
              .label = "Excluded tables",
              .group = KeyGroup::kSelection,
              .kind = KeyKind::kTables,
              .target = &C::exclude_tables,
              .example = "*_old",
              .description = "the tables to leave out, even where `tables` names them",
              .advice = "For tables that nobody needs in the destination."},
    ConfigKey{.name = "include_views",
              .label = "Include materialized views",
              .group = KeyGroup::kSelection,
              .kind = KeyKind::kBoolean,
              .target = &C::include_views,
              .default_value = "false",
              .example = "true",
              .description = "whether materialized views are synced like tables",
              .advice = "Where a view is of use by itself; its rows are those of its table."},
};

constexpr std::array kReadingKeys{
    ConfigKey{.name = "cursor_column",
              .label = "Cursor column",
              .group = KeyGroup::kReading,
              .target = &C::cursor_column,
              .default_value = "updated_at",
              .example = "updated_at",
              .description = "the timestamp column that tells changed rows; tables without it are "
                             "read in full by each sync",
              .advice = "Where your tables call it otherwise. Another name syncs the tables "
                        "concerned from the beginning."},
    ConfigKey{.name = "initial_sync_start",
              .label = "Start of the first sync",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kDateTime,
              .target = &C::initial_sync_start_ms,
              .example = "2024-01-01",
              .description = "the date or time in UTC from which on a first sync reads tables "
                             "with a cursor column",
              .advice = "To leave old rows out for good; rows without a value in the cursor column "
                        "stay out too. Without it a first sync reads every row."},
    ConfigKey{.name = "lag_seconds",
              .label = "Lag (seconds)",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kInteger,
              .target = &C::lag_seconds,
              .default_value = "30",
              .integer_min = 0,
              .integer_max = kDaySeconds,
              .example = "30",
              .description = "how far behind now a sync sets the start of the next one",
              .advice = "Rows are met as long as they are visible within lag + overlap after the "
                        "time in their cursor column."},
    ConfigKey{.name = "overlap_seconds",
              .label = "Overlap (seconds)",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kInteger,
              .target = &C::overlap_seconds,
              .default_value = "300",
              .integer_min = 0,
              .integer_max = 365 * kDaySeconds,
              .example = "300",
              .description = "how far before the last sync's end an incremental read begins",
              .advice = "Longer where writers' clocks differ or rows are written with old times. "
                        "Rows of that span travel twice, which changes nothing but the time."},
    ConfigKey{.name = "index_reads",
              .label = "Reads by index",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kChoice,
              .target = store_choice<&C::index_reads>,
              .default_value = "auto",
              .choices = kIndexReads,
              .example = "auto",
              .description = "how an incremental sync reads a table whose cursor column is indexed",
              .advice = "`never` where the index is slow or not to be trusted."},
    ConfigKey{.name = "interval_hours",
              .label = "Window of a read by index (hours)",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kInteger,
              .target = &C::interval_hours,
              .default_value = "6",
              .integer_min = 1,
              .integer_max = 8784,
              .example = "6",
              .description = "how many hours of the cursor column one read by index covers",
              .advice = "Shorter where so many rows change that a window takes minutes: progress "
                        "is saved at the end of each."},
    ConfigKey{.name = "consistency",
              .label = "Consistency level",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kChoice,
              .target = store_choice<&C::consistency>,
              .default_value = "LOCAL_QUORUM",
              .choices = kConsistencyLevels,
              .example = "LOCAL_QUORUM",
              .description = "the consistency level of reads",
              .advice = "`LOCAL_ONE` costs the cluster less, and may miss what a replica has not "
                        "heard of yet."},
    ConfigKey{.name = "page_size",
              .label = "Rows a page",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kInteger,
              .target = &C::page_size,
              .default_value = "5000",
              .integer_min = 1,
              .integer_max = 1'000'000,
              .example = "5000",
              .description = "the most rows to ask of the server at once",
              .advice = "Hardly ever: wide rows get smaller pages by themselves, and so do tables "
                        "that time out."},
    ConfigKey{.name = "max_in_flight",
              .label = "Reads at once",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kInteger,
              .target = &C::max_in_flight,
              .default_value = "0",
              .integer_min = 0,
              .integer_max = 4096,
              .example = "8",
              .description = "the most token ranges to read at once; 0 chooses from the cluster's "
                             "size",
              .advice = "Fewer to spare the cluster."},
    ConfigKey{.name = "max_rows_per_second",
              .label = "Rows a second",
              .group = KeyGroup::kReading,
              .kind = KeyKind::kInteger,
              .target = &C::max_rows_per_second,
              .default_value = "0",
              .integer_min = 0,
              .integer_max = kAnyCount,
              .example = "50000",
              .description = "the most rows to read a second, of all tables together; 0 sets no "
                             "limit",
              .advice = "To leave the cluster's speed to others."},
};

constexpr std::array kTypeKeys{
    ConfigKey{.name = "type_mapping",
              .label = "Type mapping",
              .group = KeyGroup::kTypes,
              .kind = KeyKind::kChoice,
              .target = store_choice<&C::type_mapping>,
              .default_value = "compatible",
              .choices = kTypeMappings,
              .example = "compatible",
              .description = "which Fivetran types the columns get",
              .advice = "`lossless` for exact decimal and varint columns and binary blobs. It is "
                        "of no effect in databases, whose types are always exact; `discover` "
                        "shows it."},
    ConfigKey{.name = "nested_types",
              .label = "Nested types",
              .group = KeyGroup::kTypes,
              .kind = KeyKind::kChoice,
              .target = store_choice<&C::nested_types>,
              .databases_only = true,
              .default_value = "json",
              .choices = kNestedForms,
              .example = "json",
              .description = "what collections, tuples, user-defined types and vectors become in a "
                             "database",
              .advice = "`native` where queries shall reach into them without JSON functions."},
    ConfigKey{.name = "decimal_types",
              .label = "Fixed-point columns",
              .group = KeyGroup::kTypes,
              .kind = KeyKind::kDecimalTypes,
              .target = &C::decimal_types,
              .example = "orders.total=DECIMAL(18,2)",
              .description = "the decimal and varint columns to keep as fixed-point numbers",
              .advice = "To calculate with them in the destination; without it they are exact "
                        "text. The table may be a pattern with `*`; the first entry that fits "
                        "counts. A varint column has scale 0."},
    ConfigKey{.name = "on_unrepresentable",
              .label = "Values that the destination cannot hold",
              .group = KeyGroup::kTypes,
              .kind = KeyKind::kChoice,
              .target = store_choice<&C::on_unrepresentable>,
              .default_value = "fail",
              .choices = kUnrepresentable,
              .example = "fail",
              .description = "what becomes of a value that the destination's type cannot hold",
              .advice = "`null` where a few absurd values shall not stop a table."},
};

constexpr std::array kDeliveryKeys{
    ConfigKey{.name = "checkpoint_interval",
              .label = "Rows between checkpoints",
              .group = KeyGroup::kDelivery,
              .kind = KeyKind::kInteger,
              .target = &C::checkpoint_interval,
              .default_value = "1000",
              .integer_min = 1,
              .integer_max = kAnyCount,
              .example = "1000",
              .description = "the rows between two checkpoints",
              .advice = "Hardly ever: a checkpoint is cheap, and a database keeps those that "
                        "commits make durable."},
    ConfigKey{.name = "commit_rows",
              .label = "Rows a commit",
              .group = KeyGroup::kDelivery,
              .kind = KeyKind::kInteger,
              .target = &C::commit_rows,
              .databases_only = true,
              .default_value = "0",
              .integer_min = 0,
              .integer_max = kAnyCount,
              .example = "200000",
              .option_value = "ROWS",
              .description =
                  "the rows after which a database destination commits; 0 is 200000, and "
                  "more where DuckDB merges into a table of millions",
              .advice = "Fewer to repeat less after a kill; small commits cost time."},
    ConfigKey{.name = "commit_seconds",
              .label = "Seconds a commit",
              .group = KeyGroup::kDelivery,
              .kind = KeyKind::kInteger,
              .target = &C::commit_seconds,
              .databases_only = true,
              .default_value = "10",
              .integer_min = 1,
              .integer_max = kDaySeconds,
              .example = "10",
              .option_value = "SECONDS",
              .description = "the seconds after which a database destination commits too",
              .advice = "As `commit_rows`."},
};

}  // namespace

std::span<const ConfigKey> configuration_keys() {
  static const std::vector<ConfigKey> keys = [] {
    std::vector<ConfigKey> all(kConnectionKeys.begin(), kConnectionKeys.end());
    all.insert(all.end(), kTlsKeys.begin(), kTlsKeys.end());
    all.insert(all.end(), kSelectionKeys.begin(), kSelectionKeys.end());
    all.insert(all.end(), kReadingKeys.begin(), kReadingKeys.end());
    all.insert(all.end(), kTypeKeys.begin(), kTypeKeys.end());
    all.insert(all.end(), kDeliveryKeys.begin(), kDeliveryKeys.end());
    return all;
  }();
  return keys;
}

const ConfigKey* find_key(std::string_view name) {
  const auto keys = configuration_keys();
  const auto found = std::ranges::find(keys, name, &ConfigKey::name);
  return found == keys.end() ? nullptr : &*found;
}

std::string option_name(const ConfigKey& key) {
  std::string name = "--" + std::string(key.name);
  std::ranges::replace(name, '_', '-');
  return name;
}

std::span<const Choice> consistency_levels() { return kConsistencyLevels; }

}  // namespace ringsync
