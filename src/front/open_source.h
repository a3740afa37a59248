// From a configuration to an open source: what the front doors share.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/configuration.h"
#include "source/scylla/page_trace.h"
#include "source/source.h"

namespace ringsync {

/// Loads the file, with `overrides` in place of its values, and logs its warnings.
Result<Configuration> read_configuration(const std::string& path,
                                         const KeyOverrides& overrides = {});

/// How the command line has the cluster read.
struct Reading {
  bool token_routing = true;
  PageTrace* page_trace = nullptr;  // outlives the source
};

/// Connects to the cluster that the configuration names. Errors as of open_scylla_source.
Result<std::unique_ptr<Source>> open_source(const Configuration& configuration,
                                            const Reading& reading = {});

/// Of the tables `discovered`, those that the configuration selects. Error kUnknownTable names
/// those it asks for that do not exist, kSchema says that none is left.
Result<std::vector<std::string>> select_tables(const Configuration& configuration,
                                               const std::vector<std::string>& discovered);

}  // namespace ringsync
