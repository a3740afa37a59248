#include "python/core/schema.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "front/fivetran_types.h"
#include "front/open_source.h"

namespace ringsync::python {

Result<std::vector<DeclaredTable>> declared_tables(const Configuration& configuration) {
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, open_source(configuration));
  RINGSYNC_ASSIGN(const Keyspace keyspace, source->keyspace());
  std::vector<std::string> names;
  for (const Table& table : keyspace.tables) names.push_back(table.name);
  RINGSYNC_ASSIGN(const std::vector<std::string> selected, select_tables(configuration, names));
  const FivetranEncoding encoding = fivetran_encoding(configuration);
  std::vector<DeclaredTable> declared;
  for (const Table& table : keyspace.tables) {
    if (std::ranges::find(selected, table.name) == selected.end()) continue;
    auto columns = fivetran_columns(table, encoding);
    if (columns.ok()) {
      declared.push_back({table.name, *std::move(columns)});
    } else if (columns.error().code == ErrorCode::kUnsupportedType) {
      log_warning("table {} is not declared: {}", table.name, coded_text(columns.error()));
    } else {
      return std::move(columns).error();
    }
  }
  return declared;
}

}  // namespace ringsync::python
