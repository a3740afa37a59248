// What the tests of the DuckDB sink share: a file of their own, a clock, plans, and a reader.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sink/adbc/adbc_client.h"
#include "sink/adbc/adbc_sink.h"
#include "sink/adbc/duckdb_dialect.h"
#include "sink/adbc/open_database.h"
#include "sink_fixture.h"

namespace ringsync {

class DuckDbTest : public testing::Test {
 protected:
  DuckDbTest() {
    static std::atomic<int> number = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("ringsync_duckdb_" + std::to_string(getpid()) + "_" + std::to_string(number++));
    std::filesystem::create_directories(folder_);
    options_.location = (folder_ / "ks.db").string();
    options_.label = options_.location;
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
