// Opening a DuckDB file through its ADBC driver, with errors that name the file and the remedy.
// Private to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "sink/adbc/adbc_client.h"
#include "sink/adbc/duckdb_sink.h"

namespace ringsync {

/// Which file a path leads to, to notice that it is another one.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
};

/// Nothing where the path leads to no file.
std::optional<FileIdentity> identify(const std::string& file);

/// A connection with transactions begun. Error kDestinationBusy where another process holds the
/// file, kDestination where it cannot be written or is no DuckDB file, kConfig for a bad driver
/// path.
Result<std::unique_ptr<AdbcClient>> open_duckdb(const DuckDbOptions& options);

/// Lets DuckDB use its own default of memory, a share of what machine and container have.
Status raise_memory_limit(AdbcClient& client);

}  // namespace ringsync
