// StateRow: the state document in the destination, one row a keyspace, changed by compare-and-set
// on its sequence number. Private to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include <optional>
#include <string>

#include "sink/adbc/adbc_client.h"
#include "sink/sink.h"

namespace ringsync {

class StateRow {
 public:
  /// `client` outlives it.
  StateRow(AdbcClient& client, std::string catalog, std::string source);

  /// Makes the table where there is none and reads the row. Later calls read again. Error
  /// kDestination where the destination cannot take this keyspace: its name is taken, by DuckDB or
  /// by another keyspace that DuckDB takes for the same.
  Result<std::optional<StoredState>> load();
  /// Writes the row in the present transaction. Error kDestinationBusy where another sync has
  /// written it since load() or the last write.
  Status store(uint64_t sequence, const std::string& json, int64_t now_us);

 private:
  Status check_name();

  AdbcClient& client_;
  std::string catalog_;
  std::string table_;
  std::string source_;
  bool is_loaded_ = false;
  std::optional<uint64_t> sequence_;  // of the row as this sync knows it
};

}  // namespace ringsync
