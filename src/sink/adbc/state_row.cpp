#include "sink/adbc/state_row.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "model/table.h"

namespace ringsync {
namespace {

Error taken_over(const std::string& source) {
  return {ErrorCode::kDestinationBusy,
          fmt::format("another sync wrote to this destination: the saved state of keyspace {} "
                      "changed while this sync ran. Nothing of this commit was kept; let the other "
                      "sync end, then run this one again",
                      source)};
}

Error conflict(const std::string& source, std::string_view what, const std::string& other,
               std::string_view reason) {
  return {ErrorCode::kNameCollision,
          fmt::format("keyspace {} cannot be written here: the destination has {} {}, {}; write to "
                      "another destination",
                      quoted(source), what, quoted(other), reason)};
}

Error damaged(const Dialect& dialect, std::string_view how) {
  return {ErrorCode::kStateDamaged,
          fmt::format("the saved state in {} {}", dialect.state_table(), how)};
}

}  // namespace

StateRow::StateRow(AdbcClient& client, const Dialect& dialect, std::string source)
    : client_(client), dialect_(dialect), source_(std::move(source)) {}

Status StateRow::check_name() const {
  if (const auto owner = dialect_.owner_of_keyspace(source_)) {
    return Error{ErrorCode::kNameCollision,
                 fmt::format("keyspace {} cannot be written to {}: its name is taken there by {}",
                             quoted(source_), dialect_.name(), *owner)};
  }
  if (source_.size() <= dialect_.name_bytes_max()) return {};
  return Error{ErrorCode::kNameCollision,
               fmt::format("keyspace {} cannot be written to {}, which keeps only {} bytes of a "
                           "name",
                           quoted(source_), dialect_.name(), dialect_.name_bytes_max())};
}

Status StateRow::make_schema(const std::string& schema) {
  const std::string spelling = dialect_.schema_spelling_sql(schema);
  if (spelling.empty()) return {};
  RINGSYNC_ASSIGN(const auto found, client_.query_text(spelling));
  for (const TextRow& row : found) {
    if (*row[0] != schema) {
      return conflict(source_, "a schema", *row[0], dialect_.conflict_reason());
    }
  }
  // Only where it is needed: it takes a right that the user may lack.
  return found.empty() ? client_.exec(dialect_.create_schema_sql(schema)) : Status();
}

Status StateRow::check_conflicts() {
  RINGSYNC_ASSIGN(const auto sources,
                  client_.query_text(dialect_.conflicting_sources_sql(source_)));
  if (sources.empty()) return {};
  return conflict(source_, "keyspace", *sources[0][0], dialect_.conflict_reason());
}

Result<std::optional<StoredState>> StateRow::load() {
  RINGSYNC_TRY(check_name());
  RINGSYNC_TRY(make_schema(dialect_.state_schema()));
  for (const std::string& sql : dialect_.create_state_sql()) RINGSYNC_TRY(client_.exec(sql));
  RINGSYNC_TRY(check_conflicts());
  RINGSYNC_TRY(make_schema(source_));
  auto stored = read_row();
  is_loaded_ = stored.ok();
  return stored;
}

Result<std::optional<StoredState>> StateRow::find() {
  RINGSYNC_TRY(check_name());
  const TargetLayout table{dialect_.state_schema(), dialect_.state_table_name(), {}};
  RINGSYNC_ASSIGN(const auto columns, client_.query_text(dialect_.describe_sql(table)));
  if (columns.empty()) return std::optional<StoredState>();
  RINGSYNC_TRY(check_conflicts());
  return read_row();
}

Result<std::optional<StoredState>> StateRow::read_row() {
  RINGSYNC_ASSIGN(const auto rows, client_.query_text(dialect_.load_state_sql(source_)));
  sequence_.reset();
  if (rows.empty()) return std::optional<StoredState>();
  if (rows[0].size() != 2 || !rows[0][0] || !rows[0][1]) return damaged(dialect_, "is incomplete");
  StoredState stored;
  const std::string& number = *rows[0][0];
  const auto parsed =
      std::from_chars(number.data(), number.data() + number.size(), stored.sequence);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) {
    return damaged(dialect_, "has a sequence that is no number");
  }
  stored.json = *rows[0][1];
  sequence_ = stored.sequence;
  return std::optional<StoredState>(std::move(stored));
}

Status StateRow::store(uint64_t sequence, const std::string& json, int64_t now_us) {
  if (!is_loaded_) RINGSYNC_TRY(load());
  const std::string sql =
      sequence_ ? dialect_.update_state_sql(source_, *sequence_, sequence, json, now_us)
                : dialect_.insert_state_sql(source_, sequence, json, now_us);
  RINGSYNC_ASSIGN(const int64_t written, client_.exec_counted(sql));
  if (written != 1) return taken_over(source_);
  sequence_ = sequence;
  return {};
}

}  // namespace ringsync
