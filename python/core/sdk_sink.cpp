#include "python/core/sdk_sink.h"

namespace nb = nanobind;

namespace ringsync::python {
namespace {

/// The table's name as Python's, made once.
const nb::object& name_of(Operations& operations, const std::string& table) {
  auto found = operations.names.find(table);
  if (found == operations.names.end()) {
    found = operations.names.emplace(table, nb::str(table.data(), table.size())).first;
  }
  return found->second;
}

const RowDicts& dicts_of(Operations& operations, const std::string& table,
                         const std::vector<FivetranColumn>& columns) {
  auto found = operations.dicts.find(table);
  if (found == operations.dicts.end()) {
    found = operations.dicts.emplace(table, RowDicts(columns)).first;
  }
  return found->second;
}

}  // namespace

Result<std::optional<StoredState>> SdkSink::load_state() {
  if (!state_json_) return std::optional<StoredState>();
  return std::optional(StoredState{0, *state_json_});
}

Result<TableOpening> SdkSink::open_table(const TablePlan& plan) {
  RINGSYNC_ASSIGN(columns_[plan.table.name], fivetran_columns(plan.table, encoding_));
  RINGSYNC_TRY(check_column_names(plan.table));
  RINGSYNC_TRY(destination_names_.add(plan.table));
  // What the destination has cannot be looked at: the state is taken at its word.
  return TableOpening{false};
}

Result<std::unique_ptr<PageEncoder>> SdkSink::encoder(const TablePlan& plan) {
  return make_row_page_encoder(columns_.at(plan.table.name));
}

Status SdkSink::begin_table(const TablePlan& plan) {
  if (!plan.sweeps()) return {};
  return caller_->run([&] { operations_->truncate(name_of(*operations_, plan.table.name)); });
}

Status SdkSink::deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                        RowSlice slice) {
  if (slice.operation != Operation::kUpsert) {
    return Error{ErrorCode::kInternal, "rows delivered that are no upserts"};
  }
  const std::string& table = plan.table.name;
  return caller_->run([&] {
    const RowDicts& dicts = dicts_of(*operations_, table, columns_.at(table));
    const nb::object& name = name_of(*operations_, table);
    const auto& rows = static_cast<const RowPage&>(*page);
    for (uint32_t row = slice.first_row; row < slice.first_row + slice.row_count; ++row) {
      operations_->upsert(name, dicts.make(rows, row));
    }
  });
}

Result<bool> SdkSink::checkpoint(const Checkpoint& checkpoint, CheckpointUrgency) {
  const std::string json = checkpoint.json();
  RINGSYNC_TRY(caller_->run([&] { operations_->checkpoint(nb::str(json.data(), json.size())); }));
  return true;
}

}  // namespace ringsync::python
