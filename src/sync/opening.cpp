#include "sync/opening.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "plan/table_planning.h"
#include "sync/state_codec.h"
#include "sync/state_import.h"
#include "sync/survey.h"

namespace ringsync {
namespace {

const char* run_text(const TablePlan& plan) {
  switch (plan.run) {
    case RunKind::kFirst:
      return plan.cursor_after_ms ? "first sync, rows past initial_sync_start"
                                  : "first sync, every row";
    case RunKind::kIncremental: return "incremental";
    case RunKind::kFull: return "in full";
  }
  return "";
}

/// Tables whose next run may leave out rows because of what the state tells of them.
std::set<std::string> tables_built_on(const SyncState& state) {
  std::set<std::string> names = state.done_tables;
  for (const auto& [name, table] : state.tables) {
    if (table.cursor_ms || table.run) names.insert(name);
  }
  return names;
}

Status load_state(Sink& sink, const SyncOptions& options, const SourceIdentity& identity,
                  OpenedSync& sync) {
  RINGSYNC_ASSIGN(const std::optional<StoredState> stored, sink.load_state());
  if (stored && options.part) {
    return Error{ErrorCode::kInternal, "a state tells of whole tables, and a part was to be read"};
  }
  if (stored) {
    if (options.import_state) {
      return Error{
          ErrorCode::kStateImport,
          fmt::format("{} cannot be imported: the destination has a state of its own, which "
                      "counts; import into a destination that has none",
                      options.import_state->origin)};
    }
    sync.sequence = stored->sequence;
    const bool is_own = options.state_remedy.empty();
    RINGSYNC_ASSIGN(sync.state,
                    decode_state(stored->json, is_own ? kRestoreState : options.state_remedy));
    sync.built_on = tables_built_on(sync.state);
    const Status same = check_source(sync.state, identity);
    if (!same.ok()) {
      return Error{
          same.error().code,
          fmt::format("the saved state cannot be used: {}{}", same.error().message,
                      is_own ? "; write to another destination" : ". " + options.state_remedy)};
    }
  }
  sync.state.cluster = identity.cluster;
  sync.state.keyspace = identity.keyspace;
  return {};
}

/// Takes over a state to be imported. Returns whether it vouches for rows in the destination.
Result<bool> take_import(const SyncOptions& options, const Survey& survey, SyncState& state) {
  if (!options.import_state) return true;
  RINGSYNC_ASSIGN(ImportedState imported, import_state(*options.import_state, survey.identity,
                                                       survey.keyspace, options.cursor_column));
  for (const std::string& warning : imported.warnings) log_warning("{}", warning);
  state = std::move(imported.state);
  return imported.vouches_for_rows;
}

/// Forgets what is known of tables that are to be read anew.
Status forget_resynced(const SyncOptions& options, const Survey& survey, SyncState& state) {
  if (!options.resync) return {};
  RINGSYNC_ASSIGN(const std::vector<std::string> names, options.resync(survey.chosen));
  for (const std::string& name : names) forget_progress(state.tables[name]);
  return {};
}

/// Forgets tables that the keyspace no longer has, but for the start of their last run: should one
/// come back, its rows must be later than those that stay in the destination.
void forget_missing_tables(const Keyspace& keyspace, SyncState& state) {
  for (auto& [key, table_state] : state.tables) {
    const std::string& name = key;  // clang before 16 captures no structured binding
    const bool is_there = std::any_of(keyspace.tables.begin(), keyspace.tables.end(),
                                      [&](const Table& table) { return table.name == name; });
    if (is_there || table_state.table_id.empty()) continue;
    log_warning(
        "table {}: the keyspace does not have it any more; its rows stay in the destination "
        "as they are",
        name);
    forget_progress(table_state);
  }
}

/// Opens destination tables. What it refers to outlives it.
class TableOpener {
 public:
  TableOpener(const Source& source, const Survey& survey, Sink& sink, const SyncOptions& options,
              bool state_vouches, const std::set<std::string>& done_tables)
      : source_(source),
        survey_(survey),
        sink_(sink),
        options_(options),
        state_vouches_(state_vouches),
        done_tables_(done_tables) {}

  /// A table that the destination refuses is a run that has failed. Error kStateImport where an
  /// imported state vouches for rows that the destination does not have.
  Result<std::unique_ptr<TableRun>> open(const Table& table, TableState& state,
                                         int64_t now_ms) const {
    const TableState before = state;
    std::unique_ptr<TableRun> run = plan_run(source_, survey_, table, state, options_);
    auto opened = sink_.open_table(run->plan());
    if (opened.ok() && opened->is_new && run->builds_on_earlier_rows() && state_vouches_) {
      if (options_.import_state) return rows_missing(table);
      // The state builds on rows that are gone: the run is planned anew from the beginning.
      log_warning(
          "table {}: the destination does not have it any more; it is synced from the beginning",
          table.name);
      state = TableState{};
      run = plan_run(source_, survey_, table, state, options_);
      opened = sink_.open_table(run->plan());
    }
    if (!opened.ok()) {
      log_error(opened.error().within("table " + table.name));
      run->fail(opened.error(), now_ms);
      // What the destination has not taken is not to be known to it next time.
      state = before;
      return run;
    }
    if (is_done(*run, before, state)) {
      run->skip();
      state = before;
      log_info("table {}: done before the sync was cut off; the next one reads it again",
               table.name);
      return run;
    }
    log_start(*run);
    return run;
  }

 private:
  Error rows_missing(const Table& table) const {
    return {
        ErrorCode::kStateImport,
        fmt::format("state to import, {}: it tells of rows of table {} that the destination does "
                    "not have; restore its tables first, or sync without --import-state",
                    options_.import_state->origin, table.name)};
  }

  /// The sync that is gone on with has read the table to its end, and would read it the same way.
  bool is_done(const TableRun& run, const TableState& before, const TableState& planned) const {
    return options_.keeps_done_tables && done_tables_.contains(run.name()) &&
           run.plan().run == RunKind::kFull && is_unchanged(before, planned);
  }

  static void log_start(TableRun& run) {
    const std::string& reason = run.plan().full_reason;
    log_info("table {}: {}{}{}", run.name(), run_text(run.plan()),
             reason.empty() ? "" : ": " + reason,
             run.summary().resumed ? ", resumed behind its last checkpoint" : "");
  }

  const Source& source_;
  const Survey& survey_;
  Sink& sink_;
  const SyncOptions& options_;
  const bool state_vouches_;
  const std::set<std::string>& done_tables_;
};

/// Runs under way come first, then tables of which nothing tells when they were read last, then
/// those that have waited longest. Else a table with much to send each time would keep those behind
/// it from ever being read, where each sync is cut off.
void put_longest_waiting_first(OpenedSync& sync) {
  const auto turn = [&](const std::unique_ptr<TableRun>& run) {
    constexpr int64_t kUnknown = std::numeric_limits<int64_t>::min();
    const TableState& state = sync.state.tables[run->name()];
    return std::tuple(!run->goes_on(), state.cursor_ms.value_or(kUnknown), run->name());
  };
  std::ranges::sort(sync.tables, {}, turn);
}

}  // namespace

Result<OpenedSync> open_sync(Source& source, Sink& sink, const Clock& clock,
                             const SyncOptions& options) {
  OpenedSync sync;
  RINGSYNC_ASSIGN(const SourceIdentity identity, source.identity());
  RINGSYNC_TRY(load_state(sink, options, identity, sync));
  RINGSYNC_ASSIGN(const Survey survey, survey_source(source, clock, options));
  RINGSYNC_ASSIGN(const bool state_vouches, take_import(options, survey, sync.state));
  forget_missing_tables(survey.keyspace, sync.state);
  RINGSYNC_TRY(forget_resynced(options, survey, sync.state));
  sync.ring = survey.ring;
  const TableOpener opener(source, survey, sink, options, state_vouches, sync.state.done_tables);
  for (const Table& table : survey.keyspace.tables) {
    if (!survey.is_chosen(table.name)) continue;
    RINGSYNC_ASSIGN(auto run, opener.open(table, sync.state.tables[table.name], clock.steady_ms()));
    sync.tables.push_back(std::move(run));
  }
  put_longest_waiting_first(sync);
  return sync;
}

}  // namespace ringsync
