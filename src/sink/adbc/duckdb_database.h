// Opening a DuckDB file through its ADBC driver, with errors that name the file and the remedy.
// Private to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include <memory>

#include "base/result.h"
#include "sink/adbc/adbc_client.h"
#include "sink/adbc/duckdb_sink.h"

namespace ringsync {

/// A connection with transactions begun. Error kDestinationBusy where another process holds the
/// file, kDestination where it cannot be written or is no DuckDB file, kConfig for a bad driver
/// path.
Result<std::unique_ptr<AdbcClient>> open_duckdb(const DuckDbOptions& options);

/// Lets DuckDB use its own default of memory, a share of what machine and container have.
Status raise_memory_limit(AdbcClient& client);

}  // namespace ringsync
