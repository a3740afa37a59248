// The tables of a keyspace as the Connector SDK wants them declared. Knows nothing of Python.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/configuration.h"
#include "sink/fivetran/fivetran_columns.h"

namespace ringsync::python {

struct DeclaredTable {
  std::string name;
  std::vector<FivetranColumn> columns;
};

/// Connects and returns the tables that the configuration selects, by name. One with a type that
/// Ringsync does not know is left out with a warning: syncs fail it by name. Errors: those of
/// open_source() and select_tables(); kConfig as of fivetran_columns().
Result<std::vector<DeclaredTable>> declared_tables(const Configuration& configuration);

}  // namespace ringsync::python
