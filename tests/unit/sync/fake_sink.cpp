#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "fake_database.h"

namespace ringsync::testing {
namespace {

int64_t bigint_of(CellView cell) { return static_cast<int64_t>(load_be64(cell.data())); }

class FakeEncoder final : public PageEncoder {
 public:
  explicit FakeEncoder(const Table& table)
      : columns_(static_cast<int>(table.columns.size())),
        id_(table.find_column("id")),
        value_(table.find_column("value")),
        cursor_(table.find_column("updated_at")) {}

  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t&) override {
    if (page.column_count() != columns_) return Error{ErrorCode::kInternal, "other columns"};
    auto encoded = std::make_unique<FakePage>();
    for (uint32_t row = 0; row < page.row_count(); ++row) {
      encoded->partitions.push_back(*value_of(page, row, 0));
      encoded->rows.emplace_back(
          *value_of(page, row, id_),
          FakeRow{value_of(page, row, value_).value_or(kNotSent), value_of(page, row, cursor_)});
    }
    return std::unique_ptr<EncodedPage>(std::move(encoded));
  }

 private:
  static std::optional<int64_t> value_of(const PageView& page, uint32_t row, int column) {
    if (column < 0) return std::nullopt;
    const CellView cell = page.cell(row, static_cast<uint16_t>(column));
    return cell.is_null() ? std::nullopt : std::optional(bigint_of(cell));
  }

  const int columns_;
  const int id_;
  const int value_;  // negative: left out
  const int cursor_;
};

}  // namespace

std::unique_ptr<PageEncoder> fake_encoder(const Table& table) {
  return std::make_unique<FakeEncoder>(table);
}

FakeSink::FakeSink(FakeDestination& destination, const Clock& clock, FakeSinkOptions options)
    : destination_(destination),
      pending_(destination),
      clock_(clock),
      options_(std::move(options)) {}

Status FakeSink::count_call() {
  if (++calls_ == options_.crash_after_calls) return Error{ErrorCode::kDestination, "crash"};
  return {};
}

Result<std::optional<StoredState>> FakeSink::load_state() { return destination_.state; }

Result<TableOpening> FakeSink::open_table(const TablePlan& plan) {
  if (plan.table.name == options_.refused_table) {
    return Error{ErrorCode::kUnsupportedType, "refused"};
  }
  return TableOpening{pending_.tables.try_emplace(plan.table.name).second};
}

Result<std::unique_ptr<PageEncoder>> FakeSink::encoder(const TablePlan& plan) {
  return fake_encoder(plan.table);
}

Status FakeSink::deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                         RowSlice slice) {
  RINGSYNC_TRY(count_call());
  const auto& rows = dynamic_cast<const FakePage&>(*page).rows;
  auto& table = pending_.tables[plan.table.name];
  const int64_t synced_us = std::max(clock_.wall_us(), plan.run_started_us);
  for (uint32_t i = slice.first_row; i < slice.first_row + slice.row_count; ++i) {
    table[rows.at(i).first] = {rows.at(i).second, synced_us, false};
  }
  delivered_rows_ += slice.row_count;
  rows_since_commit_ += slice.row_count;
  between_ += slice.row_count;
  between_max_ = std::max(between_max_, between_);
  return {};
}

Status FakeSink::finish_table(const TablePlan& plan) {
  RINGSYNC_TRY(count_call());
  if (!plan.sweeps()) return {};
  for (auto& [id, row] : pending_.tables[plan.table.name]) {
    if (row.deleted || row.synced_us >= plan.run_started_us) continue;
    row.deleted = true;
    ++rows_deleted_[plan.table.name];
  }
  return {};
}

std::optional<uint64_t> FakeSink::rows_deleted(const std::string& table) const {
  const auto found = rows_deleted_.find(table);
  return found == rows_deleted_.end() ? 0 : found->second;
}

Result<bool> FakeSink::checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) {
  RINGSYNC_TRY(count_call());
  between_ = 0;
  if (urgency == CheckpointUrgency::kRoutine && rows_since_commit_ < options_.commit_rows) {
    return false;
  }
  rows_since_commit_ = 0;
  pending_.state = StoredState{checkpoint.sequence, checkpoint.json()};
  destination_ = pending_;
  return true;
}

}  // namespace ringsync::testing
