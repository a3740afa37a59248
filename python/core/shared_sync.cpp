#include "python/core/shared_sync.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "config/table_filter.h"
#include "front/encoding_choice.h"
#include "front/open_source.h"
#include "front/sync_options.h"
#include "model/table.h"
#include "plan/table_planning.h"
#include "sink/arrow/arrow_mapping.h"
#include "sink/sink.h"
#include "sync/opening.h"
#include "sync/state_codec.h"

namespace ringsync::python {
namespace {

/// Columns that a sync adds to each table.
constexpr const char* kSynced = "_fivetran_synced";
constexpr const char* kDeleted = "_fivetran_deleted";

Status check_names(const Table& table) {
  std::map<std::string, std::string> seen = {{kSynced, ""}, {kDeleted, ""}};
  for (const Column& column : table.columns) {
    const auto [other, is_new] = seen.emplace(ascii_folded(column.name), column.name);
    if (is_new) continue;
    const std::string what =
        other->second.empty()
            ? fmt::format("column {} has a name that Ringsync needs for itself",
                          quoted(column.name))
            : fmt::format("columns {} and {} are one name but for upper and lower case",
                          quoted(other->second), quoted(column.name));
    return Error{ErrorCode::kNameCollision,
                 what + "; rename one or exclude the table with exclude_tables"};
  }
  return {};
}

std::set<std::string> key_names(const Table& table) {
  std::set<std::string> names;
  for (size_t i = 0; i < table.primary_key_count; ++i) names.insert(table.columns[i].name);
  return names;
}

Result<std::vector<ArrowField>> fields_of(const Table& table, const ArrowEncoding& encoding) {
  RINGSYNC_ASSIGN(const std::vector<ArrowType> types, arrow_types(table, encoding));
  std::vector<ArrowField> fields;
  for (size_t i = 0; i < types.size(); ++i) fields.push_back({table.columns[i].name, types[i]});
  return fields;
}

/// What others have written, as far as planning asks for it. Nothing is delivered to it.
class KnownTables final : public Sink {
 public:
  KnownTables(const SharedSyncWish& wish, ArrowEncoding encoding)
      : wish_(wish), encoding_(std::move(encoding)), spark_encoding_(encoding_) {
    spark_encoding_.times_as_text = true;
    spark_encoding_.uuids_as_text = true;
    for (const auto& [name, key] : wish.known) names_.emplace(ascii_folded(name), name);
  }

  SharedFields take_fields(const std::string& table) { return std::move(fields_[table]); }

  Result<std::optional<StoredState>> load_state() override {
    if (!wish_.state_json) return std::optional<StoredState>();
    return std::optional(StoredState{0, *wish_.state_json});
  }

  Result<TableOpening> open_table(const TablePlan& plan) override {
    RINGSYNC_TRY(check_name(plan.table.name));
    RINGSYNC_TRY(check_names(plan.table));
    SharedFields& fields = fields_[plan.table.name];
    RINGSYNC_ASSIGN(fields.plain, fields_of(plan.table, encoding_));
    RINGSYNC_ASSIGN(fields.spark, fields_of(plan.table, spark_encoding_));
    const auto known = wish_.known.find(plan.table.name);
    if (known == wish_.known.end()) return TableOpening{true};
    const std::set<std::string> key = key_names(plan.table);
    if (key == known->second) return TableOpening{false};
    return Error{
        ErrorCode::kKeyChanged,
        fmt::format("its primary key is ({}) and its rows in the destination are by ({}); "
                    "drop the table there (of Parquet: move or remove its folder), then run "
                    "again: it is read anew",
                    fmt::join(key, ", "), fmt::join(known->second, ", "))};
  }

  Result<std::unique_ptr<PageEncoder>> encoder(const TablePlan&) override { return unused(); }
  Status deliver(const TablePlan&, const std::shared_ptr<const EncodedPage>&, RowSlice) override {
    return unused();
  }
  Status finish_table(const TablePlan&) override { return unused(); }
  Result<bool> checkpoint(const Checkpoint&, CheckpointUrgency) override { return unused(); }
  std::optional<uint64_t> rows_deleted(const std::string&) const override { return std::nullopt; }

 private:
  /// Folders and DuckDB's tables may be one but for upper and lower case.
  Status check_name(const std::string& table) {
    const auto [other, is_new] = names_.emplace(ascii_folded(table), table);
    if (is_new || other->second == table) return {};
    return Error{ErrorCode::kNameCollision,
                 fmt::format("it and table {} are one name but for upper and lower case; leave one "
                             "out with exclude_tables",
                             quoted(other->second))};
  }

  static Error unused() { return {ErrorCode::kInternal, "rows were delivered to a plan"}; }

  const SharedSyncWish& wish_;
  const ArrowEncoding encoding_;
  ArrowEncoding spark_encoding_;
  std::map<std::string, SharedFields> fields_;
  std::map<std::string, std::string> names_;  // of tables, by their folded ones
};

/// Decodes the state that was stored; none where there is none.
Result<SyncState> stored_state(const SharedSyncWish& wish) {
  if (!wish.state_json) return SyncState{};
  RINGSYNC_ASSIGN(SyncState state, decode_state(*wish.state_json));
  for (const auto& [name, table] : state.tables) {
    if (!table.run) continue;
    return Error{ErrorCode::kStateDamaged,
                 fmt::format("the saved state tells of a run of table {} under way, which a job "
                             "never leaves. {}",
                             name, kRestoreState)};
  }
  return state;
}

}  // namespace

Result<std::shared_ptr<const SharedSync>> SharedSync::open(const Configuration& configuration,
                                                           const SharedSyncWish& wish) {
  const std::shared_ptr<SharedSync> sync(new SharedSync());
  RINGSYNC_ASSIGN(sync->before_, stored_state(wish));
  RINGSYNC_ASSIGN(const std::unique_ptr<Source> source, open_source(configuration));
  SyncOptions options = sync_options(configuration);
  if (!wish.resync.empty()) {
    options.resync = [&wish](const std::vector<std::string>& chosen) {
      return tables_fitting(wish.resync, "resync", chosen);
    };
  }
  KnownTables sink(wish, arrow_encoding(configuration));
  const SystemClock clock;
  RINGSYNC_ASSIGN(OpenedSync opened, open_sync(*source, sink, clock, options));
  for (const auto& run : opened.tables) {
    sync->tables_.push_back({run->plan(), sink.take_fields(run->name()), run->summary().error});
  }
  std::ranges::sort(sync->tables_, {},
                    [](const SharedTable& table) { return table.plan.table.name; });
  sync->planned_ = std::move(opened.state);
  return std::shared_ptr<const SharedSync>(sync);
}

std::string SharedSync::state_after(const std::set<std::string>& done) const {
  SyncState state = planned_;
  for (const SharedTable& table : tables_) {
    const std::string& name = table.plan.table.name;
    if (done.contains(name)) {
      complete_run(state.tables.at(name));
    } else if (const auto before = before_.tables.find(name); before != before_.tables.end()) {
      state.tables[name] = before->second;
    } else {
      state.tables.erase(name);
    }
  }
  return encode_state(state);
}

}  // namespace ringsync::python
