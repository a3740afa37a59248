// What the conformance tests share: a fresh destination of each kind, a clock, plans, sinks, and a
// reader.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../unit/sink/sink_fixture.h"
#include "destination.h"

namespace ringsync {

class ConformanceTest : public testing::TestWithParam<DatabaseKind> {
 protected:
  ConformanceTest()
      : destination_(TestDestination::make(GetParam())),
        quirks_(destination_->quirks()),
        options_(destination_->options()) {
    options_.clock = &clock_;
  }

  /// A sink with its state loaded.
  std::unique_ptr<Sink> open_sink() {
    auto sink = must(open_adbc_sink(options_));
    const auto stored = must(sink->load_state());
    sequence_ = stored ? stored->sequence : 0;
    return sink;
  }
  Result<bool> checkpoint(Sink& sink, CheckpointUrgency urgency) {
    const Checkpoint checkpoint{++sequence_, [this] { return state_; }};
    return sink.checkpoint(checkpoint, urgency);
  }
  void commit(Sink& sink) { EXPECT_TRUE(must(checkpoint(sink, CheckpointUrgency::kDurable))); }

  /// One run of one table that delivers `page` and ends durably.
  void run(const TablePlan& plan, PageBuilder& page) {
    auto sink = open_sink();
    must(sink->open_table(plan));
    deliver_page(*sink, plan, page);
    commit(*sink);
  }
  /// The error of opening the table.
  Error table_error(Sink& sink, const TablePlan& plan) {
    const auto opened = sink.open_table(plan);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? Error{} : opened.error();
  }

  /// Runs statements of the destination's owner.
  void own(const std::vector<std::string>& statements) {
    const auto owner = destination_->client();
    for (const std::string& sql : statements) {
      if (!sql.empty()) must(owner->exec(sql));
    }
  }
  /// Columns of a table as text, joined by "|", NULL as "~", in the order of the first one, a
  /// plain name.
  std::vector<std::string> rows(const std::string& table, const std::vector<std::string>& columns) {
    std::string cast;
    for (const std::string& column : columns) {
      cast += (cast.empty() ? "CAST(" : ", CAST(") + column + " AS TEXT)";
    }
    // Qualified: without it PostgreSQL sorts by the text.
    return query("SELECT " + cast + " FROM " + destination_->table(table) + " AS t ORDER BY t." +
                 columns.front());
  }
  std::vector<std::string> query(const std::string& sql) {
    std::vector<std::string> out;
    for (const TextRow& row : must(destination_->client()->query_text(sql))) {
      std::string& line = out.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) line += (i > 0 ? "|" : "") + row[i].value_or("~");
    }
    return out;
  }
  std::string column_types(const std::string& table) {
    std::string joined;
    for (const std::string& type : query(destination_->column_types_sql(table))) {
      joined += (joined.empty() ? "" : "|") + type;
    }
    return joined;
  }

  std::unique_ptr<TestDestination> destination_;
  Quirks quirks_;
  SetClock clock_;
  AdbcSinkOptions options_;
  uint64_t sequence_ = 0;
  std::string state_ = "{}";
};

/// Of tables (id int primary key, name text).
inline PageBuilder names_page(const std::vector<std::pair<int32_t, std::string>>& cells) {
  PageBuilder page(2);
  for (const auto& [id, name] : cells) page.number(id).bytes(name);
  return page;
}

inline std::string parameter_name(const testing::TestParamInfo<DatabaseKind>& info) {
  switch (info.param) {
    case DatabaseKind::kDuckDb: return "DuckDb";
    case DatabaseKind::kSqlite: return "Sqlite";
    case DatabaseKind::kPostgresql: return "Postgresql";
  }
  return "";
}

/// Runs a suite of this kind against every database.
#define RINGSYNC_ON_EVERY_DATABASE(suite)                                                       \
  INSTANTIATE_TEST_SUITE_P(                                                                     \
      On, suite,                                                                                \
      testing::Values(DatabaseKind::kDuckDb, DatabaseKind::kSqlite, DatabaseKind::kPostgresql), \
      parameter_name)

}  // namespace ringsync
