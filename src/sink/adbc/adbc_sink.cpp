#include "sink/adbc/adbc_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

#include "sink/adbc/open_database.h"
#include "sink/adbc/state_row.h"
#include "sink/adbc/table_layout.h"
#include "sink/adbc/target_table.h"
#include "sink/arrow/arrow_page_encoder.h"

namespace ringsync {
namespace {

constexpr uint64_t kCommitRows = 200'000;
// Merging a row takes as long as passing over some thirty: docs/decisions/0018.
constexpr uint64_t kRowsPassedARow = 16;

class AdbcSink final : public Sink {
 public:
  AdbcSink(const AdbcSinkOptions& options, OpenDatabase database)
      : options_(options),
        database_(std::move(database)),
        state_(*database_.client, *database_.dialect, options.keyspace),
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
  Error die(const Error& error);
  bool is_due() const;
  uint64_t rows_a_commit() const;
  Status allow_wide_rows(const ArrowPage& page);
  Status flush_all();
  Status commit_group(const Checkpoint& checkpoint);

  AdbcSinkOptions options_;
  OpenDatabase database_;
  StateRow state_;
  std::map<std::string, OpenTable> tables_;  // by name in the source
  uint32_t next_stage_ = 0;                  // a table may be opened twice
  std::optional<Error> dead_;
  const EncodedPage* last_page_ = nullptr;  // compared only
  size_t pending_bytes_ = 0;
  bool wide_rows_are_allowed_ = false;
  uint64_t group_rows_ = 0;
  uint64_t group_bytes_ = 0;
  int64_t committed_at_ms_ = 0;
};

Error AdbcSink::die(const Error& error) {
  if (dead_) return *dead_;
  dead_ = error.within(database_.label);
  if (database_.file) dead_ = with_disk_space(std::move(*dead_), database_.file->path());
  // What cannot be rolled back is gone all the same: it was never committed.
  [[maybe_unused]] const Status rolled_back = database_.client->rollback();
  return *dead_;
}

Result<std::optional<StoredState>> AdbcSink::load_state() {
  if (dead_) return *dead_;
  auto stored = state_.load();
  if (!stored) return die(std::move(stored).error());
  return stored;
}

Result<TableOpening> AdbcSink::open_table(const TablePlan& plan) {
  if (dead_) return *dead_;
  RINGSYNC_ASSIGN(TargetLayout layout, plan_layout(plan, *database_.dialect, options_.encoding));
  bool is_table_error = false;
  auto target = TargetTable::open(*database_.client, *database_.dialect, std::move(layout),
                                  next_stage_++, is_table_error);
  if (!target) {
    if (is_table_error) return std::move(target).error();
    return die(std::move(target).error());
  }
  const TableOpening opening{(*target)->was_created()};
  tables_[plan.table.name] = {std::move(target).value(), plan.run_started_us, false, 0};
  return opening;
}

Result<std::unique_ptr<PageEncoder>> AdbcSink::encoder(const TablePlan& plan) {
  RINGSYNC_ASSIGN(auto encoder, ArrowPageEncoder::make(plan.table, options_.encoding));
  return std::unique_ptr<PageEncoder>(std::move(encoder));
}

Status AdbcSink::deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
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

Status AdbcSink::allow_wide_rows(const ArrowPage& page) {
  const uint64_t ordinary = uint64_t{page.row_count()} * options_.wide_row_bytes;
  if (wide_rows_are_allowed_ || page.byte_size() <= ordinary) return {};
  wide_rows_are_allowed_ = true;
  if (database_.make_room_for_wide_rows == nullptr) return {};
  Status made = database_.make_room_for_wide_rows(*database_.client);
  if (!made) return die(std::move(made).error());
  return {};
}

Status AdbcSink::flush_all() {
  for (auto& [name, table] : tables_) {
    if (!table.target->has_pending()) continue;
    Status flushed = table.target->flush(table.run_started_us);
    if (!flushed) return die(flushed.error().within("table " + quoted(name)));
  }
  pending_bytes_ = 0;
  last_page_ = nullptr;
  return {};
}

Status AdbcSink::finish_table(const TablePlan& plan) {
  if (dead_) return *dead_;
  const auto found = tables_.find(plan.table.name);
  if (found == tables_.end()) return die({ErrorCode::kInternal, "a table finished unopened"});
  found->second.is_finished = plan.sweeps();
  return {};
}

uint64_t AdbcSink::rows_a_commit() const {
  if (options_.commit_rows > 0) return options_.commit_rows;
  uint64_t passed = 0;
  for (const auto& [name, table] : tables_) passed += table.target->rows_passed();
  return std::max(kCommitRows, passed / kRowsPassedARow);
}

bool AdbcSink::is_due() const {
  return group_rows_ >= rows_a_commit() || group_bytes_ >= options_.commit_bytes ||
         options_.clock->steady_ms() - committed_at_ms_ >= options_.commit_seconds * 1000;
}

Result<bool> AdbcSink::checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) {
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

Status AdbcSink::commit_group(const Checkpoint& checkpoint) {
  std::map<std::string, uint64_t> deleted;
  for (auto& [name, table] : tables_) {
    RINGSYNC_ASSIGN(int64_t rows, table.target->merge());
    if (table.is_finished) {
      RINGSYNC_ASSIGN(const int64_t swept, table.target->sweep(table.run_started_us));
      rows += swept;
    }
    deleted[name] = static_cast<uint64_t>(rows);
  }
  RINGSYNC_TRY(state_.store(checkpoint.sequence, checkpoint.json(), options_.clock->wall_us()));
  if (database_.file) RINGSYNC_TRY(database_.file->check_in_place());
  RINGSYNC_TRY(database_.client->commit());
  for (const auto& [name, rows] : deleted) {
    tables_[name].is_finished = false;
    tables_[name].rows_deleted += rows;
  }
  return {};
}

std::optional<uint64_t> AdbcSink::rows_deleted(const std::string& table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? 0 : found->second.rows_deleted;
}

}  // namespace

Result<std::unique_ptr<Sink>> open_adbc_sink(const AdbcSinkOptions& options) {
  AdbcSinkOptions limited = options;
  RINGSYNC_ASSIGN(OpenDatabase database, open_database(options, DatabaseAccess::kWrite));
  RINGSYNC_TRY(database.dialect->limit(limited.encoding));
  return std::unique_ptr<Sink>(std::make_unique<AdbcSink>(limited, std::move(database)));
}

Result<std::optional<StoredState>> read_saved_state(const AdbcSinkOptions& options) {
  if (options.kind != DatabaseKind::kPostgresql) {
    RINGSYNC_TRY(check_database_path(options.location, database_name(options.kind)));
    // What cannot be looked at is left to the database, which says why.
    std::error_code ignored;
    const auto found = std::filesystem::status(options.location, ignored);
    if (found.type() == std::filesystem::file_type::not_found) return std::optional<StoredState>();
  }
  RINGSYNC_ASSIGN(const OpenDatabase database, open_database(options, DatabaseAccess::kRead));
  StateRow row(*database.client, *database.dialect, options.keyspace);
  auto stored = row.find();
  if (!stored) return stored.error().within(options.label);
  return stored;
}

}  // namespace ringsync
