#include "sync/preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "plan/index_windows.h"
#include "plan/table_planning.h"
#include "sink/cell_policy.h"
#include "sync/run_progress.h"
#include "sync/scan_set.h"
#include "sync/survey.h"

namespace ringsync {
namespace {

/// A table while it is probed.
struct Probed {
  std::unique_ptr<TableRun> run;
  TableState state;
  std::vector<EncodedRows> pages;
  std::optional<Error> error;
};

/// Probes every table's size, as many at once as a sync would.
Status probe_tables(std::vector<Probed>& tables, Source& source, ScanSet& scans,
                    const Clock& clock) {
  std::unordered_map<const TableRun*, Probed*> by_run;
  size_t begun = 0;
  for (;;) {
    while (scans.has_room() && begun < tables.size()) {
      Probed& table = tables[begun++];
      if (table.error) continue;
      by_run[table.run.get()] = &table;
      table.run->begin(std::make_shared<TableEncoders>(table.run->plan(), source, nullptr),
                       clock.steady_ms());
      table.run->probe_first();
      ScanWork probe = *table.run->take_work();
      probe.purpose = ScanPurpose::kSizeProbe;  // the estimates are shown: as good as they can be
      scans.start_estimate(*table.run, std::move(probe));
    }
    if (scans.is_empty()) return {};
    auto event = scans.next();
    if (!event.ok()) return std::move(event).error();
    if (!event->has_value()) continue;
    ActiveScan* scan = scans.find((*event)->id);
    if (scan == nullptr) continue;
    Probed& table = *by_run.at(scan->table);
    if (!(*event)->rows.ok()) {
      table.error = std::move((*event)->rows).error();
    } else {
      table.pages.push_back(*std::move((*event)->rows));
    }
    const bool ended = table.error || table.pages.back().is_last ||
                       table.pages.size() == probe_page_limit(ScanPurpose::kSizeProbe);
    if (ended) scans.take((*event)->id);
  }
}

std::string run_reason(const TablePlan& plan, const std::string& cursor_column) {
  switch (plan.run) {
    case RunKind::kFull: return fmt::format("in full each run: {}", plan.full_reason);
    case RunKind::kFirst:
      return plan.cursor_after_ms
                 ? fmt::format("first sync: rows whose {} is past initial_sync_start",
                               cursor_column)
                 : "first sync: every row";
    case RunKind::kIncremental: break;
  }
  return fmt::format("incremental by {}: rows changed since the last sync, less the overlap",
                     cursor_column);
}

void choose_method(TablePreview& preview, const RunState& run, const ReadSetting& setting) {
  const TablePlan& plan = preview.plan;
  if (!plan.cursor_after_ms) {
    preview.method_reason = "every row is wanted";
    return;
  }
  preview.method = ReadMethod::kFilteredScan;
  preview.method_reason = "no index that serves ranges of the cursor is known";
  if (plan.cursor_index.empty()) return;
  const IndexWindows windows(*run.cursor_after_ms, plan.until_ms, run.window_end_ms,
                             setting.windows(preview.table));
  const ReadEstimate reads = windows.estimate();
  preview.estimates =
      MethodEstimate{plan.cursor_index, reads.windows, reads.index_seconds, reads.scan_seconds};
  const bool by_index = reads.index_is_cheaper();
  if (by_index) preview.method = ReadMethod::kIndexWindows;
  preview.method_reason = fmt::format(
      "{} window{} by index {} would take about {:.2f} s, one scan about {:.2f} s", reads.windows,
      reads.windows == 1 ? "" : "s", plan.cursor_index, reads.index_seconds, reads.scan_seconds);
}

void add_statements(TablePreview& preview, const RunState& run, const Source& source) {
  const TablePlan& plan = preview.plan;
  ScanQuery query{plan.table_read(), plan.cursor_column, run.cursor_after_ms, {}};
  query.by_index = preview.method == ReadMethod::kIndexWindows;
  if (query.by_index && preview.estimates->windows > 1) {
    ScanQuery window = query;
    window.cursor_until_ms = plan.until_ms;  // any: a bind marker stands for it
    preview.statements.push_back(source.statement(window));
  }
  preview.statements.push_back(source.statement(query));
}

bool has_column(const Table& table, bool (*is_such)(const Column&)) {
  return std::any_of(table.columns.begin(), table.columns.end(), is_such);
}

void add_blind_spots(TablePreview& preview) {
  const TablePlan& plan = preview.plan;
  if (plan.mode != SyncMode::kTimestamp) return;
  preview.blind_spots = {BlindSpot::kDeletedRows, BlindSpot::kNullCursors, BlindSpot::kLateWrites};
  if (plan.run == RunKind::kFirst && plan.cursor_after_ms) {
    preview.blind_spots.push_back(BlindSpot::kBeforeTheFloor);
  }
  if (plan.has_static_columns) {
    preview.blind_spots.push_back(BlindSpot::kStaticColumns);
  }
}

void add_helpful_cql(TablePreview& preview, const Keyspace& keyspace, const SyncOptions& options) {
  const TablePlan& plan = preview.plan;
  const Table table = plan.table_read();
  const std::string name = quoted(table.keyspace) + "." + quoted(table.name);
  if (table.is_view) return;
  // A table of counters takes no other columns.
  const bool is_counted =
      has_column(table, [](const Column& c) { return c.type.kind == TypeKind::kCounter; });
  if (table.find_column(options.cursor_column) < 0 && !is_counted) {
    preview.helpful_cql.push_back(
        fmt::format("ALTER TABLE {} ADD {} timestamp", name, quoted(options.cursor_column)));
  }
  const bool is_indexed =
      std::any_of(table.indexes.begin(), table.indexes.end(), [&](const Index& index) {
        return index.kind == IndexKind::kSai && index.column == options.cursor_column;
      });
  if (plan.mode == SyncMode::kTimestamp && !is_indexed && keyspace.offers_sai) {
    preview.helpful_cql.push_back(
        fmt::format("CREATE INDEX ON {} ({}) USING 'sai'", name, quoted(options.cursor_column)));
  }
}

TablePreview preview_of(const Probed& table, const Source& source, const Keyspace& keyspace,
                        const SyncOptions& options, const ReadSetting& setting) {
  TablePreview preview;
  preview.plan = table.run->plan();
  preview.error = table.error;
  const RunState& run = *table.state.run;
  const RunProgress progress(run, run.paging_fingerprint);
  preview.reason = run_reason(preview.plan, options.cursor_column);
  preview.resumes = !table.run->is_untouched();
  preview.done_share = progress.share();
  if (!table.pages.empty()) {
    preview.table = estimate_from(table.pages);
    preview.table_is_exact = table.pages.back().is_last;
  }
  choose_method(preview, run, setting);
  add_statements(preview, run, source);
  preview.splits =
      progress.positions().size() +
      plan_splits(progress.remaining(), setting.ring_tokens, preview.table, setting.sizing).size();
  const bool one_request = preview.table_is_exact && table.run->probe_reads_all();
  if (preview.method == ReadMethod::kIndexWindows) {
    preview.splits = std::min(setting.lanes, kWindowSlicesMax);
  }
  if (one_request) preview.splits = 1;
  add_blind_spots(preview);
  add_helpful_cql(preview, keyspace, options);
  return preview;
}

}  // namespace

std::string_view to_string(ReadMethod method) {
  switch (method) {
    case ReadMethod::kWholeTable: return "whole table";
    case ReadMethod::kFilteredScan: return "filtered scan";
    case ReadMethod::kIndexWindows: return "index windows";
  }
  return "whole table";
}

std::string_view to_string(BlindSpot blind_spot) {
  switch (blind_spot) {
    case BlindSpot::kDeletedRows:
      return "rows that are deleted at the source, or expire there, stay in the destination";
    case BlindSpot::kNullCursors:
      return "rows whose cursor is NULL are not seen after the first sync";
    case BlindSpot::kLateWrites:
      return "rows that become visible later than lag and overlap together are missed";
    case BlindSpot::kStaticColumns:
      return "a changed static column reaches only rows whose cursor moves too";
    case BlindSpot::kBeforeTheFloor:
      return "rows not past initial_sync_start, or without a cursor, are left out";
  }
  return "";
}

Result<std::vector<TablePreview>> preview_sync(Source& source, const SyncState* state,
                                               const Clock& clock, const SyncOptions& options) {
  RINGSYNC_ASSIGN(const Survey survey, survey_source(source, clock, options));
  SyncState copy;
  if (state != nullptr) {
    RINGSYNC_TRY(check_source(*state, survey.identity));
    copy = *state;
  }
  if (options.resync) {
    RINGSYNC_ASSIGN(const std::vector<std::string> names, options.resync(survey.chosen));
    for (const std::string& name : names) forget_progress(copy.tables[name]);
  }
  std::vector<Probed> tables(survey.chosen.size());
  size_t count = 0;
  for (const Table& table : survey.keyspace.tables) {
    if (!survey.is_chosen(table.name)) continue;
    Probed& probed = tables.at(count++);
    probed.state = copy.tables[table.name];
    probed.run = plan_run(source, survey, table, probed.state, options);
    // The driver cannot read such a table either, and tells it in its own words.
    const Status known = check_types_are_known(probed.run->plan().table);
    if (!known) probed.error = known.error();
  }
  ScanSet scans(options, clock);
  RINGSYNC_TRY(scans.open(source, survey.ring));
  RINGSYNC_TRY(probe_tables(tables, source, scans, clock));
  const ReadSetting setting = read_setting(options, survey.ring, scans.flow());
  std::vector<TablePreview> previews;
  for (const Probed& table : tables) {
    previews.push_back(preview_of(table, source, survey.keyspace, options, setting));
  }
  return previews;
}

}  // namespace ringsync
