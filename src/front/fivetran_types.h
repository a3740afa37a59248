// What a configuration says of Fivetran's types: what the front doors to Fivetran share.
// Thread rule: pure functions.
#pragma once

#include <map>
#include <string>

#include "config/configuration.h"
#include "model/table.h"
#include "sink/fivetran/fivetran_columns.h"

namespace ringsync {

/// The user's choices of types, as the sink wants them.
FivetranEncoding fivetran_encoding(const Configuration& configuration);

/// Types of those columns where the configuration decides, by name: for SyncOptions::column_types.
std::map<std::string, std::string> chosen_column_types(const Table& table,
                                                       const FivetranEncoding& encoding);

}  // namespace ringsync
