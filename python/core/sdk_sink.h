// SdkSink: the Connector SDK's operations as a sink. The engine's thread hands each slice to the
// Python thread that called (caller.h), which makes the rows and calls the operations. Thread rule:
// that of Sink; Operations belongs to the Python thread.
#pragma once

#include <nanobind/nanobind.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/core/caller.h"
#include "python/core/row_dicts.h"
#include "sink/fivetran/fivetran_columns.h"
#include "sink/fivetran/fivetran_names.h"
#include "sink/sink.h"

namespace ringsync::python {

/// What the Python thread calls, and what it keeps for it. Lives on its stack.
struct Operations {
  nanobind::callable upsert;      // (table, row)
  nanobind::callable truncate;    // (table)
  nanobind::callable checkpoint;  // (state as JSON text)
  std::map<std::string, RowDicts> dicts = {};
  std::map<std::string, nanobind::object> names = {};
};

class SdkSink final : public Sink {
 public:
  /// `state_json`: the engine's own document, if there is one.
  SdkSink(FivetranEncoding encoding, std::optional<std::string> state_json)
      : encoding_(std::move(encoding)), state_json_(std::move(state_json)) {}

  /// Before the engine runs. Both outlive the sink's use: `operations` is touched inside
  /// caller.run() only.
  void attach(Caller& caller, Operations& operations) {
    caller_ = &caller;
    operations_ = &operations;
  }

  Result<std::optional<StoredState>> load_state() override;
  /// Errors of a table: those of fivetran_columns(); kNameCollision where Fivetran would make one
  /// name of two.
  Result<TableOpening> open_table(const TablePlan& plan) override;
  /// One truncate, where the plan sweeps.
  Status begin_table(const TablePlan& plan) override;
  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan& plan) override;
  Status deliver(const TablePlan& plan, const std::shared_ptr<const EncodedPage>& page,
                 RowSlice slice) override;
  /// The truncate before the rows has marked those that are gone.
  Status finish_table(const TablePlan&) override { return {}; }
  Result<bool> checkpoint(const Checkpoint& checkpoint, CheckpointUrgency urgency) override;
  std::optional<uint64_t> rows_deleted(const std::string&) const override { return std::nullopt; }

 private:
  const FivetranEncoding encoding_;
  const std::optional<std::string> state_json_;
  std::map<std::string, std::vector<FivetranColumn>> columns_;
  TableNames destination_names_;
  Caller* caller_ = nullptr;
  Operations* operations_ = nullptr;
};

}  // namespace ringsync::python
