// RequestConfiguration: the configuration that a request carries, checked, with the files that came
// inside it. Thread rule: one call's own.
#pragma once

#include <google/protobuf/map.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "config/configuration.h"
#include "server/private_files.h"
#include "source/source.h"

namespace ringsync {

class RequestConfiguration {
 public:
  using Values = google::protobuf::Map<std::string, std::string>;

  /// Error kConfig lists everything that is wrong with the values. Warnings go to the log.
  static Result<std::unique_ptr<RequestConfiguration>> read(const Values& values);

  /// Lives as long as this.
  const Configuration& get() const { return configuration_; }

  /// Connects to the cluster; the files that came with the request are forgotten then. Errors as of
  /// open_scylla_source. Call it once.
  Result<std::unique_ptr<Source>> open_source();

 private:
  RequestConfiguration() = default;

  std::unique_ptr<PrivateFiles> files_ = std::make_unique<PrivateFiles>();
  Configuration configuration_;
};

}  // namespace ringsync
