#include "world.h"

#include <algorithm>
#include <utility>

namespace ringsync::simulation {
namespace {

using testing::FakeTable;

constexpr int64_t kPartitions = 60;

}  // namespace

World::World(Random& random, const SimClock& clock, int64_t delay_max_ms)
    : random_(random), clock_(clock), delay_max_ms_(delay_max_ms) {
  const int64_t tables = random_.between(1, 5);
  for (int64_t i = 0; i < tables; ++i) add_table("t" + std::to_string(i));
  change_ring();
}

void World::add_table(const std::string& name) {
  FakeTable table;
  table.id = "table-" + std::to_string(++tables_made_);
  table.partition_rows = random_.chance(0.5) ? 1 : random_.between(2, 9);
  table.has_cursor = random_.chance(0.65);
  table.is_indexed = table.has_cursor && random_.chance(0.7);
  table.is_view = random_.chance(0.05);
  table.has_extra = random_.chance(0.3);
  tables_[name] = std::move(table);
  truth_.try_emplace(name);
  fill(tables_[name], name);
}

void World::fill(FakeTable& table, const std::string& name) {
  const int64_t rows = random_.chance(0.1) ? 0 : random_.between(1, random_.chance(0.3) ? 250 : 60);
  for (int64_t i = 0; i < rows; ++i) write(name, some_id(table));
}

int64_t World::some_id(const FakeTable& table) {
  int64_t part = random_.between(-kPartitions, kPartitions);
  if (random_.chance(0.03)) part = testing::kPartitionAtRingEnd;
  if (random_.chance(0.03)) part = testing::kPartitionAtRingStart;
  return part * table.partition_rows + random_.between(0, table.partition_rows - 1);
}

void World::change_rows(uint64_t changes) {
  for (uint64_t i = 0; i < changes && !tables_.empty(); ++i) {
    auto table = tables_.begin();
    std::advance(table, random_.below(tables_.size()));
    const auto& [name, fake] = *table;
    const int64_t id = some_id(fake);
    // Most changes are of rows that are there.
    auto near = fake.rows.lower_bound(id);
    const bool is_there = near != fake.rows.end() && random_.chance(0.6);
    if (is_there && random_.chance(0.3)) {
      remove(name, near->first, ++version_);
    } else {
      write(name, is_there ? near->first : id);
    }
  }
}

std::optional<int64_t> World::some_cursor(int64_t now_ms) {
  if (random_.chance(0.03)) return std::nullopt;
  if (random_.chance(0.04)) return now_ms + random_.between(1, 3 * kHourMs);   // in the future
  if (random_.chance(0.04)) return now_ms - random_.between(1, 48 * kHourMs);  // moved backwards
  return now_ms;
}

void World::write(const std::string& name, int64_t id) {
  const FakeTable& table = tables_.at(name);
  const int64_t now_ms = clock_.true_ms();
  Write write{name, table.id, id, ++version_, std::nullopt, now_ms};
  if (table.has_cursor) write.cursor_ms = some_cursor(now_ms);
  truth_[name][id].version = write.version;
  if (random_.chance(0.03)) {
    expiries_.push_back({name, id, write.version, now_ms + random_.between(1, 2 * kHourMs)});
  }
  if (delay_max_ms_ > 0 && random_.chance(0.3)) {
    write.visible_ms += random_.between(0, random_.chance(0.9) ? delay_max_ms_ : 2 * delay_max_ms_);
    writes_.push_back(std::move(write));
    return;
  }
  become_visible(write);
}

void World::become_visible(const Write& write) {
  const auto table = tables_.find(write.table);
  if (table == tables_.end() || table->second.id != write.table_id) return;
  RowTruth& row = truth_[write.table][write.id];
  if (row.version != write.version) return;  // a later one has come before it
  row.changed_at = ++step_;
  if (!row.is_live) row.live_since = row.changed_at;
  row.is_live = true;
  const bool has_cursor = table->second.has_cursor;
  row.is_told =
      has_cursor && write.cursor_ms && *write.cursor_ms >= clock_.true_ms() - delay_max_ms_;
  table->second.rows[write.id] = {write.version, has_cursor ? write.cursor_ms : std::nullopt};
}

void World::remove(const std::string& name, int64_t id, int64_t version) {
  RowTruth& row = truth_[name][id];
  row.version = version;
  if (!row.is_live) return;
  row.changed_at = ++step_;
  row.is_live = false;
  tables_.at(name).rows.erase(id);
}

void World::remove_all(const std::string& name) {
  for (auto& [id, row] : truth_[name]) {
    row.version = ++version_;
    if (!row.is_live) continue;
    row.changed_at = ++step_;
    row.is_live = false;
  }
  tables_.at(name).rows.clear();
}

void World::settle() {
  const int64_t now_ms = clock_.true_ms();
  std::vector<Write> waiting;
  for (Write& write : writes_) {
    if (write.visible_ms > now_ms) {
      waiting.push_back(std::move(write));
    } else {
      become_visible(write);
    }
  }
  writes_ = std::move(waiting);
  std::erase_if(expiries_, [&](const Expiry& expiry) {
    if (expiry.due_ms > now_ms) return false;
    const RowTruth& row = truth_[expiry.table][expiry.id];
    if (tables_.contains(expiry.table) && row.version == expiry.version) {
      remove(expiry.table, expiry.id, ++version_);
    }
    return true;
  });
}

void World::settle_all(const SimClock& clock) {
  expiries_.clear();
  clock.sleep_ms(2 * delay_max_ms_ + 1);
  settle();
}

void World::alter(const std::string& name, FakeTable& table) {
  switch (random_.below(4)) {
    case 0: table.has_extra = !table.has_extra; break;
    case 1: table.is_indexed = table.has_cursor && !table.is_indexed; break;
    case 2: table.serves_index = !table.serves_index; break;
    default:
      table.has_cursor = !table.has_cursor;
      table.is_indexed = false;
      // A column that has gone and come back between two syncs has no values, which nobody sees.
      for (auto& [id, row] : table.rows) row.updated_at_ms = std::nullopt;
      for (auto& [id, row] : truth_[name]) row.is_told = row.is_told && table.has_cursor;
  }
}

void World::change_schema() {
  const std::string name = "t" + std::to_string(random_.below(7));
  const auto table = tables_.find(name);
  if (table == tables_.end()) {
    add_table(name);
  } else if (random_.chance(0.7)) {
    alter(name, table->second);
  } else {
    remove_all(name);
    tables_.erase(table);
    if (random_.chance(0.7)) add_table(name);
  }
}

void World::change_ring() {
  ring_tokens_.clear();
  const int64_t count = random_.chance(0.2) ? 1 : random_.between(1, 12);
  for (int64_t i = 0; i < count; ++i) {
    const bool is_edge = random_.chance(0.1);
    const bool is_rows = random_.chance(0.5);
    ring_tokens_.push_back(is_edge ? (random_.chance(0.5) ? kTokenMin : kTokenMax)
                           : is_rows
                               ? testing::token_of_id(random_.between(-kPartitions, kPartitions))
                               : static_cast<Token>(random_.next()));
  }
  std::sort(ring_tokens_.begin(), ring_tokens_.end());
  ring_tokens_.erase(std::unique(ring_tokens_.begin(), ring_tokens_.end()), ring_tokens_.end());
  if (random_.chance(0.4)) server_version_ = "5." + std::to_string(++upgrades_);
}

Token World::token_of(const std::string& table, int64_t id) const {
  return testing::token_of_id(tables_.at(table).partition_of(id));
}

}  // namespace ringsync::simulation
