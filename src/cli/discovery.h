// What a source holds and what a sync would make of it: the listing behind `check` and `discover`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/configuration.h"
#include "model/table.h"
#include "model/table_plan.h"
#include "source/source.h"

namespace ringsync {

struct DiscoveredColumn {
  std::string name;
  std::string cql_type;
  ColumnKind kind = ColumnKind::kRegular;
  std::optional<std::string> fivetran_type;  // none: Ringsync cannot read the column
};

struct DiscoveredTable {
  std::string name;
  bool is_view = false;
  bool is_selected = false;  // by tables, exclude_tables and include_views
  SyncMode mode = SyncMode::kFull;
  std::string mode_reason;  // for the user
  std::vector<DiscoveredColumn> columns;
  size_t primary_key_count = 0;  // the first so many of `columns`
  std::vector<Index> indexes = {};
  std::optional<Error> error;  // why it cannot be synced
};

struct Discovery {
  SourceIdentity identity;
  uint32_t node_count = 0;
  std::string data_center;
  std::string type_mapping;
  std::vector<DiscoveredTable> tables;  // by name

  size_t selected_count() const;
};

/// Asks the source, which may show views that the configuration leaves out. Errors: its own, and
/// those of select_tables.
Result<Discovery> discover(Source& source, const Configuration& configuration);

/// For `check`: the cluster, and a line for each selected table.
std::string check_text(const Discovery& discovery);

/// For `discover`: the cluster, and each table with its columns.
std::string discovery_text(const Discovery& discovery);

/// The same as one JSON object, docs/discover.md.
std::string discovery_json(const Discovery& discovery);

}  // namespace ringsync
