// UpdateOptions: what a request for a sync asks for, as the engine and its ends want it.
// Thread rule: one call's own.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "front/fivetran_state.h"
#include "proto/source_connector.pb.h"
#include "server/request_configuration.h"
#include "server/selection.h"
#include "sink/fivetran/fivetran_columns.h"
#include "source/source.h"
#include "sync/options.h"

namespace ringsync {

class UpdateOptions {
 public:
  /// Errors: kConfig with all that is wrong with the configuration, kSelection.
  static Result<std::unique_ptr<UpdateOptions>> read(
      const fivetran_sdk::v2::UpdateRequest& request);

  const Configuration& configuration() const { return configuration_->get(); }
  const FivetranEncoding& encoding() const { return encoding_; }
  /// The state document that the sync goes on from, if there is one.
  const std::optional<std::string>& state() const { return state_.own; }

  /// See RequestConfiguration.
  Result<std::unique_ptr<Source>> open_source() { return configuration_->open_source(); }

  /// Of use as long as this lives. Tables and columns are those that both configuration and request
  /// select.
  SyncOptions sync_options() const;

 private:
  UpdateOptions() = default;

  Result<std::vector<std::string>> select(const std::vector<std::string>& found) const;
  std::vector<std::string> leave_out(const Table& table) const;

  std::unique_ptr<RequestConfiguration> configuration_;
  RequestSelection selection_;
  FivetranState state_;
  FivetranEncoding encoding_;
};

}  // namespace ringsync
