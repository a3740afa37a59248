#include "sync/survey.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "plan/token_ranges.h"

namespace ringsync {
namespace {

constexpr int64_t kClockSkewMs = 5000;

PlanningOptions planning_options(const SyncOptions& options) {
  PlanningOptions planning;
  planning.cursor_column = options.cursor_column;
  planning.overlap_ms = options.overlap_ms;
  // Windows of an index go round the whole ring.
  planning.use_indexes = options.use_indexes && !options.part;
  planning.floor_ms = options.initial_start_ms;
  return planning;
}

/// What was decided about the columns of the chosen tables. A column of a primary key that is to be
/// left out is told in `problems`.
Result<ColumnChoice> column_choice(const Table& table, const SyncOptions& options,
                                   std::vector<std::string>& problems) {
  ColumnChoice choice;
  if (options.leave_out) {
    RINGSYNC_ASSIGN(choice.left_out, options.leave_out(table));
  }
  for (size_t i = 0; i < table.primary_key_count; ++i) {
    const std::string& name = table.columns[i].name;
    if (std::find(choice.left_out.begin(), choice.left_out.end(), name) == choice.left_out.end()) {
      continue;
    }
    problems.push_back(
        fmt::format("table {}: column {} is part of the primary key and cannot be left out; select "
                    "it again, or leave out the table",
                    table.name, quoted(name)));
  }
  if (options.column_types) choice.types = options.column_types(table);
  return choice;
}

Status choose_columns(Survey& survey, const SyncOptions& options) {
  std::vector<std::string> problems;
  for (const Table& table : survey.keyspace.tables) {
    if (!survey.is_chosen(table.name)) continue;
    RINGSYNC_ASSIGN(survey.columns[table.name], column_choice(table, options, problems));
  }
  if (problems.empty()) return {};
  return Error{ErrorCode::kSelection, fmt::format("{}", fmt::join(problems, "\n"))};
}

/// Ranges that other readers read are as good as done.
void leave_to_others(RunState& run, const ReadPart& part) {
  const std::vector<TokenRange> others = without({kWholeRing}, part.ranges);
  run.done.insert(run.done.end(), others.begin(), others.end());
  run.done = merged(std::move(run.done));
}

}  // namespace

bool Survey::is_chosen(const std::string& table) const {
  return std::find(chosen.begin(), chosen.end(), table) != chosen.end();
}

Result<PlanningTimes> planning_times(Source& source, const Clock& clock, int64_t lag_ms) {
  RINGSYNC_ASSIGN(const int64_t server_ms, source.server_time_ms());
  PlanningTimes times;
  times.now_us = clock.wall_us();
  const int64_t client_ms = times.now_us / 1000;
  const int64_t apart_ms = std::abs(client_ms - server_ms);
  if (apart_ms > kClockSkewMs) {
    log_warning(
        "this machine's clock and the coordinator's are {} ms apart; the earlier one counts",
        apart_ms);
  }
  times.until_ms = std::min(client_ms, server_ms) - lag_ms;
  return times;
}

Result<Survey> survey_source(Source& source, const Clock& clock, const SyncOptions& options) {
  Survey survey;
  RINGSYNC_ASSIGN(survey.identity, source.identity());
  RINGSYNC_ASSIGN(survey.times, planning_times(source, clock, options.lag_ms));
  RINGSYNC_ASSIGN(survey.ring, source.ring());
  RINGSYNC_ASSIGN(survey.keyspace, source.keyspace());
  for (const Table& table : survey.keyspace.tables) survey.chosen.push_back(table.name);
  if (options.select) {
    RINGSYNC_ASSIGN(survey.chosen, options.select(survey.chosen));
  }
  RINGSYNC_TRY(choose_columns(survey, options));
  return survey;
}

std::unique_ptr<TableRun> plan_run(const Source& source, const Survey& survey, const Table& table,
                                   TableState& state, const SyncOptions& options) {
  TablePlan plan = plan_table(table, state, planning_options(options), survey.times,
                              survey.columns.at(table.name));
  if (options.part) leave_to_others(*state.run, *options.part);
  const std::string base =
      fmt::format("{}\n{}\n{}", table.id, key_fingerprint(table), columns_fingerprint(plan.table));
  const auto paging = [&source, base,
                       version = survey.identity.server_version](const ScanQuery& query) {
    return fingerprint(fmt::format("{}\n{}\n{}", base, source.statement(query), version));
  };
  return std::make_unique<TableRun>(std::move(plan), state, paging);
}

Status check_source(const SyncState& state, const SourceIdentity& identity) {
  if (state.cluster == identity.cluster && state.keyspace == identity.keyspace) return {};
  return Error{ErrorCode::kStateMismatch,
               fmt::format("it is of keyspace \"{}\" of cluster \"{}\", not \"{}\" of \"{}\"",
                           state.keyspace, state.cluster, identity.keyspace, identity.cluster)};
}

}  // namespace ringsync
