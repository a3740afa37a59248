// Saved states, as a destination, a file or Fivetran hands them over: whatever the bytes, an error
// or a state, and a state that is written again reads as the same.
#include <string>

#include "front/fivetran_state.h"
#include "fuzz.h"
#include "plan/table_planning.h"
#include "sync/state_codec.h"
#include "sync/state_import.h"

namespace ringsync::fuzz {
namespace {

Table table(std::string name, TypeKind cursor) {
  Table made;
  made.keyspace = "shop";
  made.name = std::move(name);
  made.id = "11111111-2222-3333-4444-555555555555";
  made.columns = {{"id", {TypeKind::kInt, {}, "", {}, 0}, ColumnKind::kPartitionKey},
                  {"updated_at", {cursor, {}, "", {}, 0}, ColumnKind::kRegular}};
  made.partition_key_count = made.primary_key_count = 1;
  return made;
}

const Keyspace& keyspace() {
  static const Keyspace made{
      "shop", {table("a", TypeKind::kTimestamp), table("b", TypeKind::kText)}, false};
  return made;
}

void check_error(const Error& error) {
  check_text(error.message, "an error is UTF-8");
  check(!error.message.empty(), "an error says something");
  check(error.code == ErrorCode::kStateDamaged || error.code == ErrorCode::kStateVersion ||
            error.code == ErrorCode::kStateMismatch || error.code == ErrorCode::kStateFile,
        "an error of a state has a code of states");
}

void check_kept(const SyncState& state) {
  const std::string written = encode_state(state);
  check_text(written, "a document is UTF-8");
  const auto again = decode_state(written);
  check(again.ok(), "a state that was read can be written and read again");
  check(*again == state, "a state reads as what was written");
  check(encode_state(*again) == written, "a state has one document");
}

/// A checkpoint encodes what has changed only, and makes the same document.
void check_parts(const SyncState& state) {
  StateEncoder encoder;
  SyncState smaller = state;
  if (!smaller.tables.empty()) smaller.tables.erase(smaller.tables.begin());
  encoder.encode(smaller, {});
  check(encoder.encode(state, {}) == encode_state(state),
        "a document made in parts is that made at once");
}

/// A sync goes on from each table's state as if it were of a table that is there.
void check_plans(const SyncState& state) {
  const Table& here = keyspace().tables.front();
  for (auto [name, saved] : state.tables) {
    saved.table_id = here.id;
    saved.key_fingerprint = key_fingerprint(here);
    saved.columns_fingerprint = columns_fingerprint(here);
    saved.cursor_column = "updated_at";
    const PlanningTimes now{1'700'000'000'000, 1'700'000'030'000'000};
    const TablePlan plan = plan_table(here, saved, {}, now);
    check(saved.run.has_value(), "a planned table has a run");
    check(plan.run_started_us > 0, "a run has a start");
    saved.run->has_begun = true;  // else it is not stored
    SyncState planned = state;
    planned.tables = {{name, saved}};
    check_kept(planned);
    complete_run(saved);
    check(!saved.run, "a run that is complete is over");
  }
}

void run(std::string_view text) {
  const auto state = decode_state(text);
  if (state.ok()) {
    check_kept(*state);
    check_parts(*state);
    check_plans(*state);
  } else {
    check_error(state.error());
  }
  const FivetranState handed = read_fivetran_state(text);
  check(!handed.own || !handed.import, "a state is one kind or the other");
  const auto imported = import_state({"a file", std::string(text)}, {"cluster", "shop", ""},
                                     keyspace(), "updated_at");
  if (!imported.ok()) return check_error(imported.error());
  check_kept(imported->state);
  for (const std::string& warning : imported->warnings) check_text(warning, "a warning is UTF-8");
}

}  // namespace
}  // namespace ringsync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ringsync::fuzz::run(ringsync::as_text({data, size}));
  return 0;
}
