#include "sync/state_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/date_time.h"
#include "plan/table_planning.h"
#include "sync/state_codec.h"
#include "sync/survey.h"

namespace ringsync {
namespace {

using nlohmann::json;

Error import_error(const StateImport& document, const std::string& what,
                   ErrorCode code = ErrorCode::kStateFile) {
  return {code, fmt::format("state to import, {}: {}", document.origin, what)};
}

const Table* find_table(const Keyspace& keyspace, const std::string& name) {
  const auto found = std::find_if(keyspace.tables.begin(), keyspace.tables.end(),
                                  [&](const Table& table) { return table.name == name; });
  return found == keyspace.tables.end() ? nullptr : &*found;
}

Result<ImportedState> import_own(const StateImport& document, const SourceIdentity& identity) {
  ImportedState imported;
  imported.vouches_for_rows = true;
  auto state = decode_state(document.json);
  if (!state.ok()) return import_error(document, state.error().message, state.error().code);
  imported.state = *std::move(state);
  const Status same = check_source(imported.state, identity);
  if (!same.ok()) return import_error(document, same.error().message, same.error().code);
  return imported;
}

// Nothing where the table was never synced: Python writes None as null.
Result<std::optional<int64_t>> last_updated_ms(const StateImport& document, const std::string& name,
                                               const json& entry) {
  const auto written = entry.is_object() ? entry.find("last_updated_at") : entry.end();
  if (!entry.is_object() || written == entry.end()) {
    return import_error(document, fmt::format("table {} has no last_updated_at", name));
  }
  if (written->is_null()) return std::optional<int64_t>();
  const auto moment = written->is_string()
                          ? parse_date_time_ms(written->get_ref<const std::string&>())
                          : std::nullopt;
  if (moment) return moment;
  return import_error(document, fmt::format("last_updated_at of table {} is no time such as "
                                            "\"2024-01-31 12:00:00\"",
                                            name));
}

Result<ImportedState> import_example(const StateImport& document, const json& entries,
                                     const SourceIdentity& identity, const Keyspace& keyspace,
                                     const std::string& cursor_column) {
  ImportedState imported;
  imported.state.cluster = identity.cluster;
  imported.state.keyspace = identity.keyspace;
  for (const auto& [name, entry] : entries.items()) {
    RINGSYNC_ASSIGN(const std::optional<int64_t> until_ms, last_updated_ms(document, name, entry));
    const Table* table = find_table(keyspace, name);
    if (table == nullptr) {
      imported.warnings.push_back(fmt::format(
          "table {}: the keyspace does not have it; its imported state is not used", name));
      continue;
    }
    if (!until_ms) continue;
    std::string reason;
    if (!find_cursor(*table, cursor_column, reason)) {
      imported.warnings.push_back(fmt::format(
          "table {}: it is synced in full ({}); its imported state is not used", name, reason));
      continue;
    }
    imported.state.tables[name] = state_read_until(*table, cursor_column, *until_ms);
    imported.warnings.push_back(fmt::format(
        "table {}: goes on from its imported state; rows that were never synced before "
        "stay unseen until the table is synced anew: by --resync {}, or by a re-sync of "
        "the table in Fivetran",
        name, name));
  }
  return imported;
}

}  // namespace

Result<ImportedState> import_state(const StateImport& document, const SourceIdentity& identity,
                                   const Keyspace& keyspace, const std::string& cursor_column) {
  const json parsed = json::parse(document.json, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded() || !parsed.is_object()) {
    return import_error(document, "it is not a JSON object");
  }
  const auto version = parsed.find("ringsync");
  if (version != parsed.end() && version->is_number()) return import_own(document, identity);
  return import_example(document, parsed, identity, keyspace, cursor_column);
}

}  // namespace ringsync
