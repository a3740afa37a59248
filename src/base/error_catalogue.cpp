#include "base/error_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ringsync {
namespace {

constexpr size_t kCodeCount = static_cast<size_t>(ErrorCode::kInternal) + 1;

constexpr std::array<ErrorEntry, kCodeCount> kEntries{{
    {ErrorCode::kUsage, "usage", ErrorClass::kUsage, false, "The command line is wrong.",
     "The message names the option and what was probably meant; `ringsync COMMAND --help` lists "
     "what there is."},
    {ErrorCode::kListen, "listen", ErrorClass::kUsage, false,
     "The server cannot listen on the address and port that the command line names.",
     "Another program has the port, or the address is not this machine's: name another with "
     "`--port` or `--address`; `--port 0` takes a free one."},
    {ErrorCode::kRequest, "request", ErrorClass::kUsage, false,
     "A request to `ringsync serve` cannot be read, or asks for what there is not.",
     "Send what the service's contract describes, as reflection tells it; the message names what "
     "there is."},
    {ErrorCode::kBusy, "busy", ErrorClass::kUsage, false,
     "`ringsync serve` has as many syncs, bytes of requests or connections as it takes at once.",
     "Call again later, as Fivetran does by itself; for more at once, start another server."},
    {ErrorCode::kShuttingDown, "shutting_down", ErrorClass::kInterrupted, false,
     "`ringsync serve` was asked to end, and so does the call.",
     "Call again once the server runs: the next sync goes on from the last checkpoint."},
    {ErrorCode::kConfig, "config", ErrorClass::kUsage, false,
     "The configuration is wrong: a key is missing, has a value that cannot be, or does not go "
     "together with another.",
     "All problems are listed at once, a line each, with what to write; see configuration.md. A "
     "data center that the cluster does not have is listed with those it has."},
    {ErrorCode::kConnect, "connect", ErrorClass::kSource, true,
     "No node could be reached, or a connection broke and could not be made again.",
     "Check `host_1` to `host_3`, `port`, firewalls, and that the cluster is up. Without TLS on "
     "either side connections to the other's port break at once. For nodes that restart, raise "
     "`retry_seconds`."},
    {ErrorCode::kAuth, "auth", ErrorClass::kSource, false, "The cluster refused the log-in.",
     "Check `username` and `password`, and which environment variable they come from. The role "
     "needs LOGIN = true."},
    {ErrorCode::kUnauthorized, "unauthorized", ErrorClass::kSource, false,
     "The role may not read what the message names.",
     "GRANT SELECT ON KEYSPACE (or the table) to the role, or leave the table out with "
     "`exclude_tables`."},
    {ErrorCode::kTls, "tls", ErrorClass::kSource, false,
     "An encrypted connection could not be made, or a certificate was refused.",
     "Check that the node speaks TLS on that port, that `tls_ca_file` holds the authority which "
     "signed its certificate, and `tls_cert_file` and `tls_key_file` where the cluster asks for a "
     "client certificate. With `tls_verify` = full the certificate must name the node's IP "
     "address."},
    {ErrorCode::kUnavailable, "unavailable", ErrorClass::kSource, true,
     "Too few replicas are up for the consistency level.",
     "Wait for the nodes, check `nodetool status`, or read with a lower `consistency`. A keyspace "
     "without replicas in `data_center_region` cannot be read there."},
    {ErrorCode::kReadFailure, "read_failure", ErrorClass::kSource, true,
     "Replicas, or the server that was asked, answered that they failed while reading.",
     "Most often there are too many tombstones in the range (`tombstone_failure_threshold`): "
     "compact the table, or wait for gc_grace_seconds to pass. Otherwise the server's log names "
     "the "
     "corrupt file or the overload."},
    {ErrorCode::kOverloaded, "overloaded", ErrorClass::kSource, true, "The cluster sheds load.",
     "Ringsync slows down by itself. If that is not enough lower `max_in_flight`, set "
     "`max_rows_per_second`, or sync at another time."},
    {ErrorCode::kTimeout, "timeout", ErrorClass::kSource, true,
     "A request got no answer in time, by the server's limit or by `request_timeout_seconds`.",
     "Smaller pages are tried first. If that is not enough raise `request_timeout_seconds` and the "
     "server's `range_request_timeout`, or lower `max_in_flight`."},
    {ErrorCode::kInvalidQuery, "invalid_query", ErrorClass::kSource, false,
     "The server refused a statement of Ringsync.",
     "The message holds the server's words. If the table was changed while the sync ran, run "
     "again; else report it with the server's version."},
    {ErrorCode::kSchema, "schema", ErrorClass::kSource, false,
     "The keyspace is missing, has nothing to sync, or cannot be used.",
     "Check `keyspace` (upper and lower case count), and that `tables` and `exclude_tables` leave "
     "something."},
    {ErrorCode::kUnknownTable, "unknown_table", ErrorClass::kSource, false,
     "A table that the configuration or the command line names does not exist.",
     "Correct the name; the message gives the nearest one there is. `ringsync discover` lists "
     "all."},
    {ErrorCode::kSelection, "selection", ErrorClass::kUsage, false,
     "The tables and columns chosen for a sync cannot be synced as they are: tables stand in "
     "schemas, which this connector has not, or a table's primary key is not whole.",
     "Choose tables and columns again, a table's primary key with it; in Fivetran, reload the "
     "connection's schema."},
    {ErrorCode::kSchemaChanged, "schema_changed", ErrorClass::kSource, false,
     "A table's columns changed while it was read.",
     "Run again: the next sync reads the new columns."},
    {ErrorCode::kBadPagingState, "bad_paging_state", ErrorClass::kSource, false,
     "The server refuses to go on from a saved position inside a token range.",
     "Ringsync drops the position and reads the range from its last delivered token. If it is "
     "reported all the same, report it."},
    {ErrorCode::kUnsupportedType, "unsupported_type", ErrorClass::kTable, false,
     "A table has a column whose type Ringsync cannot read or the destination cannot hold.",
     "Leave the table out with `exclude_tables`. `ringsync discover` marks such columns."},
    {ErrorCode::kUnrepresentable, "unrepresentable", ErrorClass::kTable, false,
     "A value does not fit the destination's type.",
     "The message names column and token. Correct the value at the source, widen the column's type "
     "(`decimal_types`), or let such values become NULL with `on_unrepresentable` = null."},
    {ErrorCode::kMalformed, "malformed", ErrorClass::kSource, false,
     "Bytes from the server do not follow the protocol's specification.",
     "Read the row that the message names by its token with cqlsh; if it is damaged, repair or "
     "delete it. Else report it with the server's version."},
    {ErrorCode::kDestination, "destination", ErrorClass::kDestination, false,
     "The destination cannot be opened, or failed while it was written.",
     "The message holds the destination's own words: look for a path, a permission, a full disk, "
     "or "
     "a server that is down. What was committed stays; run again."},
    {ErrorCode::kDestinationAuth, "destination_auth", ErrorClass::kDestination, false,
     "The destination refused the log-in, or the user may not do what a sync needs.",
     "Check user and password of `--to`; the user must be allowed to create schemas and tables "
     "and to write them."},
    {ErrorCode::kDestinationBusy, "destination_busy", ErrorClass::kDestination, false,
     "Another sync or another program holds the destination.",
     "Let it end, or close it, then run again. Each destination takes one sync at a time."},
    {ErrorCode::kDestinationTable, "destination_table", ErrorClass::kDestination, false,
     "A table in the destination is not as the sync needs it: a column's type, a constraint, or a "
     "view in its place.",
     "Rename or drop what the message names, then run again: the table is synced anew where it is "
     "missing."},
    {ErrorCode::kNameCollision, "name_collision", ErrorClass::kDestination, false,
     "Two names of the source are one in the destination, or a name is reserved or impossible "
     "there.",
     "Leave one of the two out with `exclude_tables`, rename it, or write to another destination. "
     "Fields of a type that are one name in a struct are kept apart by `nested_types` = json."},
    {ErrorCode::kKeyChanged, "key_changed", ErrorClass::kDestination, false,
     "A table's primary key is no longer the one with which the destination was written.",
     "Drop or rename the destination's table, then run again: it is synced from the beginning."},
    {ErrorCode::kDriver, "driver", ErrorClass::kDestination, false,
     "The destination's database driver is missing or cannot be loaded.",
     "Put it beside the program, or name its folder with `--driver-path`."},
    {ErrorCode::kOutput, "output", ErrorClass::kUsage, false,
     "Standard output, or a file that the command line names for output, cannot be written.",
     "Check the path, its permissions and the disk, and that what reads standard output does so to "
     "its end; what was synced is safe."},
    {ErrorCode::kStateDamaged, "state_damaged", ErrorClass::kState, false,
     "The saved state in the destination is damaged.",
     "Restore the destination from a backup, or write to a new destination to sync everything "
     "again."},
    {ErrorCode::kStateVersion, "state_version", ErrorClass::kState, false,
     "The saved state was written by a version of Ringsync that this one does not know.",
     "Use the version that wrote it, or a newer one."},
    {ErrorCode::kStateMismatch, "state_mismatch", ErrorClass::kState, false,
     "The saved state belongs to another cluster, keyspace or destination.",
     "Name the destination, or the state file, that belongs to this source."},
    {ErrorCode::kStateFile, "state_file", ErrorClass::kState, false,
     "A state file cannot be read, written or understood.",
     "Check the path and its permissions. The destination's own copy of the state counts: where "
     "the destination is intact, a `--state` file may be removed."},
    {ErrorCode::kStateImport, "state_import", ErrorClass::kState, false,
     "A state may not be imported: the destination has one, or lacks the rows that it tells of.",
     "Import into a destination without a state that holds those rows, or sync without "
     "`--import-state`."},
    {ErrorCode::kCancelled, "cancelled", ErrorClass::kInterrupted, false,
     "The sync was asked to end.", "The next sync goes on from the last checkpoint."},
    {ErrorCode::kMemory, "memory", ErrorClass::kInterrupted, false,
     "`ringsync serve` needed more memory than it may have, and ended.",
     "Start it again: syncs go on from their last checkpoints. If it is syncs of yours that need "
     "so "
     "much, raise `--memory-mib`. If not, a client made it connect to a host that sends what no "
     "cluster does."},
    {ErrorCode::kInternal, "internal", ErrorClass::kInternal, false,
     "Ringsync met a state that must not be: a defect.",
     "Report it with a log of `--log-level debug`. What was committed is safe; a second run often "
     "goes on."},
}};

constexpr bool is_in_order() {
  for (size_t i = 0; i < kEntries.size(); ++i) {
    if (kEntries[i].code != static_cast<ErrorCode>(i) || kEntries[i].id.empty()) return false;
  }
  return true;
}
static_assert(is_in_order(), "every ErrorCode has its entry, in the enumeration's order");

}  // namespace

std::span<const ErrorEntry> error_catalogue() { return kEntries; }

const ErrorEntry& catalogue_entry(ErrorCode code) { return kEntries[static_cast<size_t>(code)]; }

std::string coded_text(const Error& error) {
  return fmt::format("error[{}]: {}", to_string(error.code), error.message);
}

const ErrorEntry* find_error(std::string_view id) {
  const auto found = std::ranges::find(kEntries, id, &ErrorEntry::id);
  return found == kEntries.end() ? nullptr : &*found;
}

std::string_view to_string(ErrorCode code) { return catalogue_entry(code).id; }

bool is_transient(ErrorCode code) { return catalogue_entry(code).may_pass; }

}  // namespace ringsync
