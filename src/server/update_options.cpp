#include "server/update_options.h"

#include "base/log.h"
#include "front/fivetran_types.h"
#include "front/open_source.h"
#include "front/sync_options.h"
#include "server/failure.h"

namespace ringsync {
namespace {

// Pages under way, before and after their encoding. A client that reads slowly fills whatever there
// is; a fast one needs no more than this.
constexpr size_t kPageBytesMax = size_t{4} << 20;

}  // namespace

Result<std::unique_ptr<UpdateOptions>> UpdateOptions::read(
    const fivetran_sdk::v2::UpdateRequest& request) {
  std::unique_ptr<UpdateOptions> options(new UpdateOptions);
  RINGSYNC_ASSIGN(options->configuration_, RequestConfiguration::read(request.configuration()));
  RINGSYNC_ASSIGN(options->selection_, RequestSelection::read(request));
  options->state_ = read_fivetran_state(request.state_json());
  options->encoding_ = fivetran_encoding(options->configuration());
  return options;
}

SyncOptions UpdateOptions::sync_options() const {
  SyncOptions options = ringsync::sync_options(configuration());
  options.select = [this](const std::vector<std::string>& found) { return select(found); };
  options.leave_out = [this](const Table& table) { return leave_out(table); };
  options.column_types = [this](const Table& table) {
    return chosen_column_types(table, encoding_);
  };
  options.pipeline.bytes_max = kPageBytesMax;
  options.import_state = state_.import;
  options.state_remedy = kFullResync;
  options.keeps_done_tables = true;  // TRUNCATE comes before a table's rows
  return options;
}

Result<std::vector<std::string>> UpdateOptions::select(
    const std::vector<std::string>& found) const {
  for (const std::string& table : selection_.missing(found)) {
    log_warning(
        "table {}: it is selected, but the keyspace does not have it; what it has in the "
        "destination stays as it is. Deselect it, if that is right",
        quoted(table));
  }
  RINGSYNC_ASSIGN(const std::vector<std::string> configured, select_tables(configuration(), found));
  std::vector<std::string> selected = selection_.tables(configured);
  if (selected.empty()) log_warning("no table is selected; nothing is synced");
  return selected;
}

std::vector<std::string> UpdateOptions::leave_out(const Table& table) const {
  for (const std::string& column : selection_.missing_columns(table)) {
    log_warning("table {}: column {} is selected, but the table does not have it", table.name,
                quoted(column));
  }
  for (const std::string& column : selection_.deselected_keys(table)) {
    log_warning(
        "table {}: column {} is deselected, but part of the primary key, without which rows cannot "
        "be told apart: it is sent. Deselect the table, if that is not right",
        table.name, quoted(column));
  }
  return selection_.left_out(table);
}

}  // namespace ringsync
