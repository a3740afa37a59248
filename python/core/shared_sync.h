// SharedSync: a sync whose tables others read and write, as a job of Spark does. It has each
// table's run planned as every sync does, and makes the state that vouches for those that were
// read. Knows nothing of Python.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/configuration.h"
#include "model/state.h"
#include "model/table_plan.h"
#include "sink/arrow/arrow_type.h"

namespace ringsync::python {

struct SharedSyncWish {
  std::optional<std::string> state_json;  // none: the first sync
  /// Tables that the destination has, with the names of the key that their rows were merged by.
  std::map<std::string, std::set<std::string>> known;
  std::vector<std::string> resync;  // names or patterns of tables to be read anew
};

/// The plan's columns in their order.
struct SharedFields {
  std::vector<ArrowField> plain;  // as DuckDB has them
  std::vector<ArrowField> spark;  // as of ScanWish::spark_types
};

/// One table's run. Where `error` is set it cannot be read, and nothing else counts but the name.
struct SharedTable {
  TablePlan plan;
  SharedFields fields;
  std::optional<Error> error;
};

/// Thread rule: immutable once made.
class SharedSync {
 public:
  /// Connects, plans, and leaves the cluster again. Errors: those of open_source() and open_sync();
  /// kStateDamaged where the state tells of a run under way, which others cannot go on with.
  static Result<std::shared_ptr<const SharedSync>> open(const Configuration& configuration,
                                                        const SharedSyncWish& wish);

  /// By name.
  const std::vector<SharedTable>& tables() const { return tables_; }

  /// The state document once those named in `done` are read to their ends. Of the others it says
  /// what it said before.
  std::string state_after(const std::set<std::string>& done) const;

 private:
  SharedSync() = default;

  SyncState before_;
  SyncState planned_;
  std::vector<SharedTable> tables_;
};

}  // namespace ringsync::python
