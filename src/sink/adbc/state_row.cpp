#include "sink/adbc/state_row.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "sink/adbc/sql.h"

namespace ringsync {
namespace {

Error taken_over(const std::string& source) {
  return {ErrorCode::kDestinationBusy,
          fmt::format("another sync wrote to this destination: the saved state of keyspace {} "
                      "changed while this sync ran. Nothing of this commit was kept; let the other "
                      "sync end, then run this one again",
                      source)};
}

/// Schemas that are ours, or that DuckDB keeps for itself and lets nobody create tables in.
bool is_reserved(const std::string& schema) {
  const std::string name = folded(schema);
  return name == "_ringsync" || name == "pg_catalog" || name == "information_schema";
}

Error same_name(const std::string& source, std::string_view what, const std::string& other) {
  return {ErrorCode::kDestination,
          fmt::format("keyspace {} cannot be written here: the destination has {} {}, which is the "
                      "same name in DuckDB; write to another destination",
                      quoted(source), what, quoted(other))};
}

}  // namespace

StateRow::StateRow(AdbcClient& client, std::string catalog, std::string source)
    : client_(client),
      catalog_(std::move(catalog)),
      table_(state_table_name(catalog_)),
      source_(std::move(source)) {}

Status StateRow::check_name() {
  RINGSYNC_ASSIGN(const auto sources, client_.query_text(same_sources_sql(table_, source_)));
  for (const TextRow& row : sources) {
    if (*row[0] != source_) return same_name(source_, "keyspace", *row[0]);
  }
  RINGSYNC_ASSIGN(const auto schemas, client_.query_text(schema_spelling_sql(catalog_, source_)));
  for (const TextRow& row : schemas) {
    if (*row[0] != source_) return same_name(source_, "a schema", *row[0]);
  }
  return {};
}

Result<std::optional<StoredState>> StateRow::load() {
  if (is_reserved(source_)) {
    return Error{ErrorCode::kDestination,
                 fmt::format("keyspace {} cannot be written to a DuckDB file: its name is taken "
                             "there by {}",
                             quoted(source_),
                             folded(source_) == "_ringsync" ? "Ringsync's own table" : "DuckDB")};
  }
  RINGSYNC_TRY(client_.exec(create_schema_sql(catalog_, "_ringsync")));
  RINGSYNC_TRY(client_.exec(create_state_sql(table_)));
  RINGSYNC_TRY(check_name());
  RINGSYNC_ASSIGN(const auto rows, client_.query_text(load_state_sql(table_, source_)));
  is_loaded_ = true;
  sequence_.reset();
  if (rows.empty()) return std::optional<StoredState>();
  if (rows[0].size() != 2 || !rows[0][0] || !rows[0][1]) {
    return Error{ErrorCode::kState, "the saved state in \"_ringsync\".\"state\" is damaged"};
  }
  StoredState stored;
  const std::string& number = *rows[0][0];
  const auto parsed =
      std::from_chars(number.data(), number.data() + number.size(), stored.sequence);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) {
    return Error{ErrorCode::kState,
                 "the saved state in \"_ringsync\".\"state\" has a sequence that is no number"};
  }
  stored.json = *rows[0][1];
  sequence_ = stored.sequence;
  return std::optional<StoredState>(std::move(stored));
}

Status StateRow::store(uint64_t sequence, const std::string& json, int64_t now_us) {
  if (!is_loaded_) RINGSYNC_TRY(load());
  int64_t written = 0;
  if (sequence_) {
    RINGSYNC_ASSIGN(written, client_.query_integer(update_state_sql(table_, source_, *sequence_,
                                                                    sequence, json, now_us)));
  } else {
    // A row that appeared since load() collides with the primary key.
    RINGSYNC_ASSIGN(const auto rows, client_.query_text(load_state_sql(table_, source_)));
    if (!rows.empty()) return taken_over(source_);
    RINGSYNC_ASSIGN(
        written, client_.query_integer(insert_state_sql(table_, source_, sequence, json, now_us)));
  }
  if (written != 1) return taken_over(source_);
  sequence_ = sequence;
  return {};
}

}  // namespace ringsync
