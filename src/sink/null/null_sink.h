// NullSink: decodes every cell and keeps nothing. Shows what the data path costs without a
// destination. Thread rule: that of Sink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "sink/sink.h"

namespace ringsync {

class NullSink final : public Sink {
 public:
  Result<std::optional<StoredState>> load_state() override;
  Result<TableOpening> open_table(const TablePlan& plan) override;
  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override;
  Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                 RowSlice slice) override;
  Status finish_table(const TablePlan& plan) override;
  Result<bool> checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) override;
  std::optional<uint64_t> rows_deleted(const std::string& table) const override;

  uint64_t row_count() const { return row_count_; }
  /// Depends on every cell delivered, pages counted once; not on the order of pages.
  uint64_t checksum() const { return checksum_; }

 private:
  uint64_t row_count_ = 0;
  uint64_t checksum_ = 0;
};

}  // namespace ringsync
