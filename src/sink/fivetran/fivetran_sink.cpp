#include "sink/fivetran/fivetran_sink.h"

#include <utility>

#include "sink/fivetran/delete_records.h"
#include "sink/fivetran/fivetran_names.h"
#include "sink/fivetran/record_batcher.h"
#include "sink/fivetran/record_encoder.h"
#include "sink/fivetran/update_messages.h"

namespace ringsync {
namespace {

/// True where the request's state says that nothing was synced yet.
bool is_blank_state(std::string_view json) {
  std::string bare;
  for (const char c : json) {
    if (std::string_view(" \t\r\n").find(c) == std::string_view::npos) bare += c;
    if (bare.size() > 2) return false;
  }
  return bare.empty() || bare == "{}";
}

class FivetranSink final : public Sink {
 public:
  FivetranSink(FivetranSinkOptions options, WireStream& stream)
      : options_(std::move(options)), stream_(stream), batcher_(stream) {}

  Result<std::optional<StoredState>> load_state() override;
  Result<TableOpening> open_table(const TablePlan& plan) override;
  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override;
  Status begin_table(const TablePlan& plan) override;
  Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                 RowSlice slice) override;
  Status finish_table(const TablePlan&) override { return {}; }
  Result<bool> checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) override;
  std::optional<uint64_t> rows_deleted(const std::string&) const override { return std::nullopt; }

 private:
  /// Behind all that was delivered before.
  Status send(WireMessage message);

  FivetranSinkOptions options_;
  WireStream& stream_;
  RecordBatcher batcher_;
  TableNames names_;
  // Shared: gRPC may hold pages for a while after the sink is gone.
  const std::shared_ptr<BufferPool> pool_ = std::make_shared<BufferPool>();
};

Result<std::optional<StoredState>> FivetranSink::load_state() {
  if (!options_.state_json || is_blank_state(*options_.state_json)) {
    return std::optional<StoredState>();
  }
  // Fivetran keeps no sequence numbers: it never runs two syncs of one connection at once.
  return std::optional<StoredState>({0, *options_.state_json});
}

Result<TableOpening> FivetranSink::open_table(const TablePlan& plan) {
  RINGSYNC_ASSIGN(const std::vector<FivetranColumn> columns,
                  fivetran_columns(plan.table, options_.encoding));
  RINGSYNC_TRY(check_column_names(plan.table));
  RINGSYNC_TRY(names_.add(plan.table));
  if (!plan.columns_are_known) RINGSYNC_TRY(send(schema_change_message(plan.table, columns)));
  // What the destination has cannot be looked at: the state is taken at its word.
  return TableOpening{false};
}

Result<std::unique_ptr<PageEncoder>> FivetranSink::encoder(const TablePlan& plan) {
  RINGSYNC_ASSIGN(auto encoder, RecordEncoder::make(plan.table, options_.encoding, pool_));
  return std::unique_ptr<PageEncoder>(std::move(encoder));
}

Status FivetranSink::begin_table(const TablePlan& plan) {
  return plan.sweeps() ? send(truncate_message(plan.table.name)) : Status{};
}

Status FivetranSink::deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                             RowSlice slice) {
  auto records = std::dynamic_pointer_cast<const RecordPage>(page);
  if (records == nullptr || uint64_t{slice.first_row} + slice.row_count > records->row_count()) {
    return Error{ErrorCode::kInternal, "rows delivered that are no records"};
  }
  if (slice.operation == Operation::kDelete) {
    records = delete_records(*records, slice.first_row, slice.row_count,
                             plan.table.primary_key_count, plan.table.name, pool_);
    slice.first_row = 0;
  }
  return batcher_.add(records, slice.first_row, slice.row_count);
}

Result<bool> FivetranSink::checkpoint(const Checkpoint& checkpoint, CheckpointUrgency) {
  RINGSYNC_TRY(send(checkpoint_message(checkpoint.json())));
  return true;
}

Status FivetranSink::send(WireMessage message) {
  RINGSYNC_TRY(batcher_.flush());
  return stream_.write(std::move(message));
}

}  // namespace

std::unique_ptr<Sink> make_fivetran_sink(FivetranSinkOptions options, WireStream& stream) {
  return std::make_unique<FivetranSink>(std::move(options), stream);
}

}  // namespace ringsync
