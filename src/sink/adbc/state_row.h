// StateRow: the state document in the destination, one row a keyspace, changed by compare-and-set
// on its sequence number. Private to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include <optional>
#include <string>

#include "sink/adbc/adbc_client.h"
#include "sink/adbc/dialect.h"
#include "sink/sink.h"

namespace ringsync {

class StateRow {
 public:
  /// `client` and `dialect` outlive it.
  StateRow(AdbcClient& client, const Dialect& dialect, std::string source);

  /// Makes the table and the keyspace's schema where there are none and reads the row. Later calls
  /// read again. Error kNameCollision where the destination cannot take this keyspace: its name is
  /// taken, by the database or by another keyspace.
  Result<std::optional<StoredState>> load();
  /// The row as load() would find it, without making anything: nothing too where there is no table
  /// of states.
  Result<std::optional<StoredState>> find();
  /// Writes the row in the present transaction. Error kDestinationBusy where another sync has
  /// written it since load() or the last write.
  Status store(uint64_t sequence, const std::string& json, int64_t now_us);

 private:
  Status check_name() const;
  Status check_conflicts();
  Status make_schema(const std::string& schema);
  Result<std::optional<StoredState>> read_row();

  AdbcClient& client_;
  const Dialect& dialect_;
  std::string source_;
  bool is_loaded_ = false;
  std::optional<uint64_t> sequence_;  // of the row as this sync knows it
};

}  // namespace ringsync
