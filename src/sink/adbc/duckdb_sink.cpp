#include "sink/adbc/duckdb_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "sink/adbc/duckdb_database.h"
#include "sink/adbc/sql.h"
#include "sink/adbc/state_row.h"
#include "sink/adbc/target_table.h"
#include "sink/arrow/arrow_page_encoder.h"

namespace ringsync {
namespace {

class DuckDbSink final : public Sink {
 public:
  DuckDbSink(const DuckDbOptions& options, std::unique_ptr<AdbcClient> client, std::string catalog)
      : options_(options),
        client_(std::move(client)),
        catalog_(std::move(catalog)),
        state_(*client_, catalog_, options.keyspace),
        file_(identify(options.database_file)),
        committed_at_ms_(options.clock->steady_ms()) {}

  Result<std::optional<StoredState>> load_state() override;
  Result<TableOpening> open_table(const TablePlan& plan) override;
  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override;
  Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                 RowSlice slice) override;
  Status finish_table(const TablePlan& plan) override;
  Result<bool> checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) override;
  std::optional<uint64_t> rows_deleted(const std::string& table) const override;

 private:
  struct OpenTable {
    std::unique_ptr<TargetTable> target;
    int64_t run_started_us = 0;
    bool is_finished = false;  // to be swept in the next commit
    uint64_t rows_deleted = 0;
  };

  /// Rolls back and remembers the error for all later calls.
  Error die(Error error);
  bool is_due() const;
  Status allow_wide_rows(const ArrowPage& page);
  Status flush_all();
  Status commit_group(const Checkpoint& checkpoint);
  /// That the path still leads to the file that was opened: DuckDB would go on writing to a file
  /// that nobody finds.
  Status check_file_in_place() const;

  DuckDbOptions options_;
  std::unique_ptr<AdbcClient> client_;
  std::string catalog_;
  StateRow state_;
  std::optional<FileIdentity> file_;         // as opened
  std::map<std::string, OpenTable> tables_;  // by name in the source
  uint32_t next_stage_ = 0;                  // a table may be opened twice
  std::optional<Error> dead_;
  const EncodedPage* last_page_ = nullptr;  // compared only
  size_t pending_bytes_ = 0;
  bool memory_is_raised_ = false;
  uint64_t group_rows_ = 0;
  uint64_t group_bytes_ = 0;
  int64_t committed_at_ms_ = 0;
};

Error DuckDbSink::die(Error error) {
  if (dead_) return *dead_;
  const Status rolled_back = client_->rollback();
  // A commit that failed has ended the transaction already.
  const bool is_rolled_back =
      rolled_back.ok() ||
      rolled_back.error().message.find("o active transaction") != std::string::npos ||
      rolled_back.error().message.find("no transaction is active") != std::string::npos;
  if (!is_rolled_back) error.message += "; rolling back failed too: " + rolled_back.error().message;
  dead_ = error.within(options_.database_file);
  return *dead_;
}

Result<std::optional<StoredState>> DuckDbSink::load_state() {
  if (dead_) return *dead_;
  auto stored = state_.load();
  if (!stored) return die(std::move(stored).error());
  return stored;
}

Result<TableOpening> DuckDbSink::open_table(const TablePlan& plan) {
  if (dead_) return *dead_;
  RINGSYNC_ASSIGN(TargetLayout layout, plan_layout(plan, catalog_, options_.encoding));
  bool is_table_error = false;
  auto target = TargetTable::open(*client_, std::move(layout), next_stage_++, is_table_error);
  if (!target) {
    if (is_table_error) return std::move(target).error();
    return die(std::move(target).error());
  }
  const TableOpening opening{(*target)->was_created()};
  tables_[plan.table.name] = {std::move(target).value(), plan.run_started_us, false, 0};
  return opening;
}

Result<std::unique_ptr<PageEncoder>> DuckDbSink::encoder(const TablePlan& plan) {
  RINGSYNC_ASSIGN(auto encoder, ArrowPageEncoder::make(plan.table, options_.encoding));
  return std::unique_ptr<PageEncoder>(std::move(encoder));
}

Status DuckDbSink::deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                           RowSlice slice) {
  if (dead_) return *dead_;
  const auto found = tables_.find(plan.table.name);
  const auto arrow_page = std::dynamic_pointer_cast<const ArrowPage>(page);
  if (found == tables_.end() || arrow_page == nullptr ||
      uint64_t{slice.first_row} + slice.row_count > arrow_page->row_count()) {
    return die({ErrorCode::kInternal, "rows delivered that belong to no open table"});
  }
  RINGSYNC_TRY(allow_wide_rows(*arrow_page));
  found->second.target->add(arrow_page, slice);
  group_rows_ += slice.row_count;
  if (page.get() != last_page_) {
    pending_bytes_ += page->byte_size();
    group_bytes_ += page->byte_size();
  }
  last_page_ = page.get();
  if (pending_bytes_ < options_.pending_bytes_max) return {};
  return flush_all();
}

Status DuckDbSink::allow_wide_rows(const ArrowPage& page) {
  const uint64_t ordinary = uint64_t{page.row_count()} * options_.wide_row_bytes;
  if (memory_is_raised_ || page.byte_size() <= ordinary) return {};
  memory_is_raised_ = true;
  Status raised = raise_memory_limit(*client_);
  if (!raised) return die(std::move(raised).error());
  return {};
}

Status DuckDbSink::flush_all() {
  for (auto& [name, table] : tables_) {
    if (!table.target->has_pending()) continue;
    Status flushed = table.target->flush(table.run_started_us);
    if (!flushed) return die(flushed.error().within("table " + quoted(name)));
  }
  pending_bytes_ = 0;
  last_page_ = nullptr;
  return {};
}

Status DuckDbSink::finish_table(const TablePlan& plan) {
  if (dead_) return *dead_;
  const auto found = tables_.find(plan.table.name);
  if (found == tables_.end()) return die({ErrorCode::kInternal, "a table finished unopened"});
  found->second.is_finished = plan.sweeps();
  return {};
}

bool DuckDbSink::is_due() const {
  return group_rows_ >= options_.commit_rows || group_bytes_ >= options_.commit_bytes ||
         options_.clock->steady_ms() - committed_at_ms_ >= options_.commit_seconds * 1000;
}

Result<bool> DuckDbSink::checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) {
  if (dead_) return *dead_;
  if (urgency == CheckpointUrgency::kRoutine && !is_due()) return false;
  RINGSYNC_TRY(flush_all());
  Status committed = commit_group(checkpoint);
  if (!committed) return die(std::move(committed).error());
  group_rows_ = 0;
  group_bytes_ = 0;
  committed_at_ms_ = options_.clock->steady_ms();
  return true;
}

Status DuckDbSink::commit_group(const Checkpoint& checkpoint) {
  std::map<std::string, uint64_t> swept;
  for (auto& [name, table] : tables_) {
    RINGSYNC_TRY(table.target->merge());
    if (!table.is_finished) continue;
    RINGSYNC_ASSIGN(const int64_t rows, table.target->sweep(table.run_started_us));
    swept[name] = static_cast<uint64_t>(rows);
  }
  RINGSYNC_TRY(state_.store(checkpoint.sequence, checkpoint.json(), options_.clock->wall_us()));
  RINGSYNC_TRY(check_file_in_place());
  RINGSYNC_TRY(client_->commit());
  for (const auto& [name, rows] : swept) {
    tables_[name].is_finished = false;
    tables_[name].rows_deleted += rows;
  }
  return {};
}

Status DuckDbSink::check_file_in_place() const {
  const auto now = identify(options_.database_file);
  if (file_ && now && now->device == file_->device && now->inode == file_->inode) return {};
  return Error{ErrorCode::kDestination,
               "the file was removed or replaced while the sync ran; what was not committed before "
               "is lost. Put the file back, or run again to write a new one"};
}

std::optional<uint64_t> DuckDbSink::rows_deleted(const std::string& table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? 0 : found->second.rows_deleted;
}

}  // namespace

Result<std::unique_ptr<Sink>> open_duckdb_sink(const DuckDbOptions& options) {
  RINGSYNC_ASSIGN(auto client, open_duckdb(options));
  RINGSYNC_ASSIGN(auto rows, client->query_text("SELECT current_database()"));
  if (rows.size() != 1 || !rows[0][0]) {
    return Error{ErrorCode::kDestination,
                 options.database_file + ": DuckDB does not tell its database's name"};
  }
  return std::unique_ptr<Sink>(
      std::make_unique<DuckDbSink>(options, std::move(client), std::move(*rows[0][0])));
}

}  // namespace ringsync
