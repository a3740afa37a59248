#include "python/core/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "front/encoding_choice.h"
#include "front/open_source.h"
#include "front/sync_options.h"
#include "plan/table_planning.h"
#include "python/core/errors.h"
#include "sink/arrow/arrow_mapping.h"
#include "sync/engine.h"
#include "sync/preview.h"
#include "sync/survey.h"

namespace ringsync::python {
namespace {

constexpr int64_t kPatienceMs = 1000;  // longer than an ordinary request
constexpr size_t kQueueBytes = size_t{8} << 20;
constexpr uint32_t kNoCheckpoint = uint32_t{1} << 30;

bool is_left_out(const ScanWish& wish, const Column& column) {
  const bool is_key =
      column.kind == ColumnKind::kPartitionKey || column.kind == ColumnKind::kClustering;
  if (is_key || !wish.columns) return false;
  return std::ranges::find(*wish.columns, column.name) == wish.columns->end();
}

Error no_such_table(const std::string& keyspace, const std::string& table) {
  return {ErrorCode::kUnknownTable,
          fmt::format("keyspace {} has no table {}", quoted(keyspace), quoted(table))};
}

std::string listed(const std::vector<Column>& columns) {
  std::string names;
  for (const Column& column : columns) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

}  // namespace

Result<std::shared_ptr<const Scan>> Scan::open(Configuration configuration, ScanWish wish) {
  // The configuration's own choice of tables is for syncs.
  configuration.tables.clear();
  configuration.exclude_tables.clear();
  configuration.include_views = true;
  const std::shared_ptr<Scan> scan(new Scan(std::move(configuration), std::move(wish)));
  RINGSYNC_TRY(scan->connect());
  return std::shared_ptr<const Scan>(scan);
}

Status Scan::connect() {
  RINGSYNC_ASSIGN(source_, open_source(configuration_));
  RINGSYNC_ASSIGN(const Keyspace keyspace, source_->keyspace());
  RINGSYNC_ASSIGN(table_, narrowed(keyspace));
  const auto whole = std::ranges::find(keyspace.tables, wish_.table, &Table::name);
  return choose(*whole);
}

Result<Table> Scan::narrowed(const Keyspace& keyspace) const {
  const auto found = std::ranges::find(keyspace.tables, wish_.table, &Table::name);
  if (found == keyspace.tables.end()) return no_such_table(keyspace.name, wish_.table);
  Table table = *found;
  std::erase_if(table.columns, [&](const Column& column) { return is_left_out(wish_, column); });
  return table;
}

Status Scan::choose(const Table& whole) {
  if (wish_.since_ms) {
    std::string reason;
    if (!find_cursor(whole, configuration_.cursor_column, reason)) {
      return Error{ErrorCode::kConfig,
                   fmt::format("table {} cannot be read since a time: {}", whole.name, reason)};
    }
  }
  std::vector<std::string> names;
  if (wish_.columns) {
    names = *wish_.columns;
  } else {
    for (const Column& column : whole.columns) names.push_back(column.name);
  }
  if (names.empty()) return Error{ErrorCode::kConfig, "columns: name at least one"};
  RINGSYNC_ASSIGN(const std::vector<ArrowType> types, arrow_types(table_, encoding()));
  for (const std::string& name : names) {
    const int index = table_.find_column(name);
    if (index < 0) {
      return Error{ErrorCode::kConfig, fmt::format("table {} has no column {}; it has {}",
                                                   whole.name, name, listed(whole.columns))};
    }
    fields_.push_back({name, types[static_cast<size_t>(index)]});
    columns_.push_back(static_cast<uint16_t>(index));
  }
  return {};
}

ArrowEncoding Scan::encoding() const {
  ArrowEncoding encoding = arrow_encoding(configuration_);
  encoding.times_as_text = wish_.spark_types;
  encoding.uuids_as_text = wish_.spark_types;
  return encoding;
}

SyncOptions Scan::options() const {
  using Names = std::vector<std::string>;
  SyncOptions options = sync_options(configuration_);
  options.select = [this](const Names& found) -> Result<Names> {
    if (std::ranges::find(found, wish_.table) != found.end()) return Names{wish_.table};
    return no_such_table(configuration_.keyspace, wish_.table);
  };
  options.leave_out = [this](const Table& table) {
    Names names;
    for (const Column& column : table.columns) {
      if (is_left_out(wish_, column)) names.push_back(column.name);
    }
    return Result<Names>(std::move(names));
  };
  options.initial_start_ms = wish_.since_ms;
  if (part_) options.part = ReadPart{{part_->range}, part_->table};
  // Whole pages, one way through the table: what comes twice cannot be taken back.
  options.checkpoint_interval_rows = kNoCheckpoint;
  options.use_indexes = false;
  options.pipeline.bytes_max = kQueueBytes;
  if (!options.initial_start_ms) options.cursor_column.clear();
  return options;
}

Result<std::vector<ScanPart>> Scan::parts(const PartSizing& sizing) const {
  const SystemClock clock;
  RINGSYNC_ASSIGN(const std::vector<TablePreview> previews,
                  preview_sync(*source_, nullptr, clock, options()));
  const TablePreview& preview = previews.front();
  if (preview.error) return preview.error->within("table " + wish_.table);
  RINGSYNC_ASSIGN(const Ring ring, source_->ring());
  std::vector<ScanPart> parts;
  for (const TokenRange& range : plan_parts(ring.tokens, preview.table, sizing)) {
    parts.push_back({table_.id, range, preview.table});
  }
  return parts;
}

Result<int64_t> Scan::until_ms() const {
  const SystemClock clock;
  RINGSYNC_ASSIGN(const PlanningTimes times, planning_times(*source_, clock, options().lag_ms));
  return times.until_ms;
}

Result<std::shared_ptr<const Scan>> Scan::of_part(ScanPart part) const {
  if (part.table_id != table_.id) {
    return Error{ErrorCode::kSchemaChanged,
                 fmt::format("table {} was dropped and made anew since it was shared out; read it "
                             "again",
                             wish_.table)};
  }
  const std::shared_ptr<Scan> scan(new Scan(*this));
  scan->part_ = std::move(part);
  return std::shared_ptr<const Scan>(scan);
}

/// What the consumer and the reading thread share.
struct ScanRun::Reading {
  explicit Reading(std::shared_ptr<const Scan> of)
      : scan(std::move(of)), queue(kQueueBytes), source(scan->source_) {}

  Status read();

  const std::shared_ptr<const Scan> scan;
  SliceQueue queue;
  CancellableSource source;
};

ScanRun::ScanRun(std::shared_ptr<const Scan> scan)
    : reading_(std::make_shared<Reading>(std::move(scan))) {
  std::thread([reading = reading_] {
    reading->queue.finish(guarded([&] { return reading->read(); }));
  }).detach();
}

ScanRun::~ScanRun() {
  reading_->queue.close();
  reading_->source.cancel();
  reading_->queue.wait_for_end(kPatienceMs);
}

Result<SliceQueue::Popped> ScanRun::next(int64_t timeout_ms, PageSlice& slice) {
  return reading_->queue.pop(timeout_ms, slice);
}

Status ScanRun::Reading::read() {
  ScanSink sink(scan->table_, scan->encoding(), queue);
  const SystemClock clock;
  SyncEngine engine(source, sink, clock, scan->options());
  RINGSYNC_ASSIGN(const SyncSummary summary, engine.run());
  for (const TableSummary& table : summary.tables) {
    if (table.error) return table.error->within("table " + table.name);
  }
  return {};
}

}  // namespace ringsync::python
