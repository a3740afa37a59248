#include "cli/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace ringsync {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TableSummary table(std::string name, uint64_t read, uint64_t sent, uint64_t reported) {
  TableSummary summary;
  summary.name = std::move(name);
  summary.finished = true;
  summary.rows_read = read;
  summary.rows_sent = sent;
  summary.rows_reported = reported;
  summary.bytes = 1500;
  summary.seconds = 2;
  return summary;
}

SyncSummary two_tables() {
  SyncSummary summary;
  summary.seconds = 4;
  summary.tables = {table("airlines", 16, 16, 0), table("flights", 336'776, 336'776, 0)};
  summary.tables[0].rows_deleted = 1;
  summary.tables[1].mode = SyncMode::kTimestamp;
  summary.tables[1].run = RunKind::kFirst;
  summary.tables[1].resumed = true;
  summary.tables[1].nulled_values = {{"delay", 7}};
  return summary;
}

TEST(SummaryText, ReconcilesEveryTableAndTheWhole) {
  std::istringstream lines(summary_text(two_tables()));
  const auto next = [&] {
    std::string line;
    std::getline(lines, line);
    return line;
  };
  EXPECT_EQ(next(),
            "table     outcome  run             rows read  =  rows sent  +  reported  deleted   "
            "bytes   time   rows/s");
  EXPECT_EQ(next(),
            "airlines  done     full                   16  =         16  +         0        1  "
            "1.5 kB  2.0 s        8");
  EXPECT_EQ(next(),
            "flights   done     first, resumed    336,776  =    336,776  +         0        -  "
            "1.5 kB  2.0 s  168,388");
  EXPECT_EQ(next(),
            "2 tables  done                       336,792  =    336,792  +         0        1  "
            "3.0 kB  4.0 s   84,198");
  EXPECT_EQ(next(), "");
  EXPECT_EQ(next(), "NULLED  flights: 7 values of column delay, which the destination cannot hold");
  EXPECT_EQ(next(), "");
}

TEST(SummaryText, FlagsAFinishedTableThatDoesNotAddUp) {
  SyncSummary summary = two_tables();
  summary.tables[1].rows_sent = 336'770;
  summary.tables[1].rows_reported = 4;
  const std::string text = summary_text(summary);
  EXPECT_THAT(text, HasSubstr("336,776 !=    336,770  +         4"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "DOES NOT ADD UP  flights: error[internal]: 336,776 rows read, but 336,770 sent + 4 "
          "reported: 2 missing."));
  EXPECT_THAT(text, HasSubstr("NOT SENT  flights: 4 rows"));
  EXPECT_THAT(text, HasSubstr("flights   failed"));
  summary.tables[1].rows_sent = 336'777;
  EXPECT_THAT(summary_text(summary), HasSubstr("5 too many"));
}

TEST(SummaryText, NamesFailuresAndRowsThatLaterSyncsWillNotSee) {
  SyncSummary summary = two_tables();
  summary.tables[0].finished = false;
  summary.tables[0].error = Error{ErrorCode::kTimeout, "node-1 did not answer"};
  summary.tables[1].null_cursor_rows = 1200;
  EXPECT_THAT(summary_text(summary),
              AllOf(HasSubstr("airlines  failed"),
                    HasSubstr("FAILED  airlines: error[timeout]: node-1 did not answer\n"),
                    HasSubstr("NOTE  flights: 1,200 rows have no value in the cursor column"),
                    HasSubstr("NULLED  flights: 7 values of column delay")));
}

TEST(SummaryText, TellsAnInterruptionFromAFailure) {
  SyncSummary summary = two_tables();
  summary.tables[1].finished = false;
  summary.tables[1].rows_read += 1;  // a page dropped on the way
  EXPECT_THAT(summary_text(summary),
              AllOf(HasSubstr("flights   failed"), Not(HasSubstr("INTERRUPTED"))));
  summary.interrupted = true;
  EXPECT_THAT(summary_text(summary),
              AllOf(HasSubstr("flights   interrupted"), HasSubstr("INTERRUPTED: "),
                    Not(HasSubstr("DOES NOT ADD UP"))));
}

TEST(SummaryText, OfNoTablesIsStillATable) {
  EXPECT_THAT(summary_text({}), HasSubstr("0 tables  done"));
}

TEST(SummaryJson, HoldsEveryFieldOfEveryTable) {
  const json document = json::parse(summary_json(two_tables()));
  EXPECT_EQ(document["outcome"], "done");
  EXPECT_EQ(document["seconds"], 4.0);
  EXPECT_EQ(document["totals"], json({{"tables", 2},
                                      {"done", 2},
                                      {"failed", 0},
                                      {"rows_read", 336'792},
                                      {"rows_sent", 336'792},
                                      {"rows_reported", 0},
                                      {"rows_deleted", 1},
                                      {"bytes", 3000}}));
  EXPECT_EQ(document["tables"][1], json({{"name", "flights"},
                                         {"mode", "timestamp"},
                                         {"run", "first"},
                                         {"resumed", true},
                                         {"outcome", "done"},
                                         {"reconciled", true},
                                         {"rows_read", 336'776},
                                         {"rows_sent", 336'776},
                                         {"rows_reported", 0},
                                         {"index_windows", 0},
                                         {"null_cursor_rows", 0},
                                         {"nulled_values", {{"delay", 7}}},
                                         {"rows_deleted", nullptr},
                                         {"bytes", 1500},
                                         {"seconds", 2.0},
                                         {"error", nullptr}}));
  EXPECT_EQ(document["tables"][0]["rows_deleted"], 1);
}

TEST(SummaryJson, NamesFailuresInAnyEncoding) {
  SyncSummary summary = two_tables();
  summary.tables[0].error = Error{ErrorCode::kSchema, "no column \xff"};
  const json document = json::parse(summary_json(summary));
  EXPECT_EQ(document["outcome"], "failed");
  EXPECT_EQ(document["tables"][0]["error"]["code"], "schema");
  EXPECT_EQ(document["tables"][0]["error"]["message"], "no column \uFFFD");
  EXPECT_EQ(document["totals"]["failed"], 1);
}

TEST(SummaryFile, IsWrittenOrNamedInTheError) {
  const std::string path = testing::TempDir() + "ringsync_summary_test.json";
  ASSERT_TRUE(write_summary_json(two_tables(), path).ok());
  std::ifstream file(path);
  EXPECT_EQ(json::parse(file), json::parse(summary_json(two_tables())));
  std::remove(path.c_str());
  const Status status =
      write_summary_json(two_tables(), testing::TempDir() + "no/such/folder.json");
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("no/such/folder.json"), HasSubstr("No such file"),
                    HasSubstr("--summary-json")));
}

}  // namespace
}  // namespace ringsync
