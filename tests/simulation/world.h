// World: the tables of the simulated cluster as they really are, who changes them, and what a
// reader could know of each row. Everything that is checked is checked against it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clock.h"
#include "fake_database.h"
#include "random.h"

namespace ringsync::simulation {

/// Counts everything that happens to a row anywhere in the world.
using Step = uint64_t;

/// A row, whether it is there or gone.
struct RowTruth {
  Step changed_at = 0;  // when readers saw its last change
  Step live_since = 0;  // without having gone meanwhile
  int64_t version = 0;  // of the last write or delete, visible or not
  bool is_live = false;
  bool is_told = true;  // the cursor column tells of the last change early enough
};

using TableTruth = std::map<int64_t, RowTruth>;  // by id

class World {
 public:
  /// Writes become visible `delay_max_ms` after their cursor's time at the latest, but for some
  /// that nobody promises to see.
  World(Random& random, const SimClock& clock, int64_t delay_max_ms);

  /// Some writes and deletes of other clients.
  void change_rows(uint64_t changes);
  /// One table is altered, dropped, made anew (perhaps with another key) or added.
  void change_schema();
  /// Nodes come and go; the cluster may be of a later version then.
  void change_ring();
  /// What is due becomes visible, and rows whose time to live has passed go.
  void settle();
  /// Nothing is under way any more.
  void settle_all(const SimClock& clock);

  Step step() const { return step_; }
  const testing::FakeTables& tables() const { return tables_; }
  const std::map<std::string, TableTruth>& truth() const { return truth_; }
  const std::vector<Token>& ring_tokens() const { return ring_tokens_; }
  const std::string& server_version() const { return server_version_; }
  /// Of a row of a table that is there.
  Token token_of(const std::string& table, int64_t id) const;

 private:
  struct Write {  // on its way
    std::string table;
    std::string table_id;
    int64_t id = 0;
    int64_t version = 0;
    std::optional<int64_t> cursor_ms;
    int64_t visible_ms = 0;
  };
  struct Expiry {
    std::string table;
    int64_t id = 0;
    int64_t version = 0;
    int64_t due_ms = 0;
  };

  void add_table(const std::string& name);
  void fill(testing::FakeTable& table, const std::string& name);
  int64_t some_id(const testing::FakeTable& table);
  void write(const std::string& name, int64_t id);
  std::optional<int64_t> some_cursor(int64_t now_ms);
  void become_visible(const Write& write);
  void remove(const std::string& name, int64_t id, int64_t version);
  void remove_all(const std::string& name);
  void alter(const std::string& name, testing::FakeTable& table);

  Random& random_;
  const SimClock& clock_;
  const int64_t delay_max_ms_;
  testing::FakeTables tables_;
  std::map<std::string, TableTruth> truth_;
  std::vector<Write> writes_;
  std::vector<Expiry> expiries_;
  std::vector<Token> ring_tokens_;
  std::string server_version_ = "5.0";
  int64_t upgrades_ = 0;
  Step step_ = 1;
  int64_t version_ = 0;
  int64_t tables_made_ = 0;
};

}  // namespace ringsync::simulation
