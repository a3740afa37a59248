// What the tests of the DuckDB sink share: a file of their own, a clock, plans, and a reader.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "../cql/page_builder.h"
#include "base/clock.h"
#include "sink/adbc/adbc_client.h"
#include "sink/adbc/adbc_sink.h"
#include "sink/adbc/duckdb_dialect.h"
#include "sink/adbc/open_database.h"

namespace ringsync {

/// A clock that stands still until it is moved.
class SetClock final : public Clock {
 public:
  int64_t wall_us() const override { return wall; }
  int64_t steady_ms() const override { return steady; }
  void sleep_ms(int64_t) const override {}

  int64_t wall = 1'700'000'000'000'000;
  int64_t steady = 1000;
};

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}
inline void must(Status status) {
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  if (!status.ok()) throw std::runtime_error(status.error().message);
}

inline CqlType type_of(TypeKind kind) {
  CqlType type;
  type.kind = kind;
  return type;
}

/// A plan for ks.<name> whose first `key_count` columns are its primary key.
inline TablePlan plan_of(const std::string& name,
                         std::vector<std::pair<std::string, TypeKind>> columns,
                         uint16_t key_count = 1) {
  TablePlan plan;
  plan.table.keyspace = "ks";
  plan.table.name = name;
  for (auto& [column, kind] : columns) {
    const bool is_key = plan.table.columns.size() < key_count;
    plan.table.columns.push_back(
        {column, type_of(kind), is_key ? ColumnKind::kPartitionKey : ColumnKind::kRegular});
  }
  plan.table.partition_key_count = key_count;
  plan.table.primary_key_count = key_count;
  plan.run_started_us = 1'600'000'000'000'000;
  return plan;
}

class DuckDbTest : public testing::Test {
 protected:
  DuckDbTest() {
    static std::atomic<int> number = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("ringsync_duckdb_" + std::to_string(getpid()) + "_" + std::to_string(number++));
    std::filesystem::create_directories(folder_);
    options_.location = (folder_ / "ks.db").string();
    options_.driver_path = RINGSYNC_LIBDUCKDB;
    options_.keyspace = "ks";
    options_.clock = &clock_;
  }
  ~DuckDbTest() override { std::filesystem::remove_all(folder_); }

  /// A sink with its state loaded.
  std::unique_ptr<Sink> open_sink() {
    auto sink = must(open_adbc_sink(options_));
    const auto stored = must(sink->load_state());
    sequence_ = stored ? stored->sequence : 0;
    return sink;
  }

  static std::shared_ptr<const EncodedPage> encode(Sink& sink, const TablePlan& plan,
                                                   PageBuilder& page) {
    uint32_t failed_row = 0;
    return must(must(sink.encoder(plan))->encode(page.view(), failed_row));
  }

  /// Delivers the whole page.
  static void deliver(Sink& sink, const TablePlan& plan, PageBuilder& page,
                      bool may_repeat = false) {
    must(sink.deliver(plan, encode(sink, plan, page), {0, page.row_count(), may_repeat}));
  }

  Result<bool> checkpoint(Sink& sink, CheckpointUrgency urgency) {
    const Checkpoint checkpoint{++sequence_, [this] { return state_; }};
    return sink.checkpoint(checkpoint, urgency);
  }
  void commit(Sink& sink) { EXPECT_TRUE(must(checkpoint(sink, CheckpointUrgency::kDurable))); }

  std::unique_ptr<AdbcClient> client() const {
    AdbcOpenOptions open;
    open.driver_path = RINGSYNC_LIBDUCKDB;
    open.entrypoint = "duckdb_adbc_init";
    open.explain = explain_duckdb;
    open.database_options = {{"path", options_.location}};
    return must(AdbcClient::open(open));
  }

  /// Rows of the query over the closed file: columns joined by "|", NULL as "~".
  std::vector<std::string> rows(const std::string& sql) const {
    std::vector<std::string> out;
    for (const TextRow& row : must(client()->query_text(sql))) {
      std::string& line = out.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) line += (i > 0 ? "|" : "") + row[i].value_or("~");
    }
    return out;
  }

  std::filesystem::path folder_;
  SetClock clock_;
  AdbcSinkOptions options_;
  uint64_t sequence_ = 0;
  std::string state_ = "{}";
};

}  // namespace ringsync
