// What a sync finds out about its source before it plans a table: who it is, its clock, ring and
// tables. Before the data path; delivering thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/state.h"
#include "plan/table_planning.h"
#include "source/source.h"
#include "sync/options.h"
#include "sync/table_run.h"

namespace ringsync {

struct Survey {
  SourceIdentity identity;
  PlanningTimes times;  // taken before the schema: what is written later is met by the next sync
  Ring ring;
  Keyspace keyspace;
  std::vector<std::string> chosen;  // names of the tables to sync, in the keyspace's order
  std::map<std::string, ColumnChoice> columns;  // of those tables, by name

  bool is_chosen(const std::string& table) const;
};

/// The clocks of this machine and of the source, which are to be taken before the schema. Where
/// they are far apart a warning tells it. Errors: those of the source.
Result<PlanningTimes> planning_times(Source& source, const Clock& clock, int64_t lag_ms);

/// Errors: those of the source, and what `options.select` and `options.leave_out` return;
/// kSelection names all columns of primary keys that were to be left out.
Result<Survey> survey_source(Source& source, const Clock& clock, const SyncOptions& options);

/// Plans a table's run. `source`, `survey` and `state` outlive it.
std::unique_ptr<TableRun> plan_run(const Source& source, const Survey& survey, const Table& table,
                                   TableState& state, const SyncOptions& options);

/// Error kStateMismatch where a saved state is of another source.
Status check_source(const SyncState& state, const SourceIdentity& identity);

}  // namespace ringsync
