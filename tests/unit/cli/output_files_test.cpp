#include "cli/output_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ringsync {
namespace {

namespace fs = std::filesystem;

class OutputFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    arguments_.command = Command::kSync;
    arguments_.configuration_path = path("configuration.json");
    arguments_.destination = {DestinationKind::kDuckdb, path("warehouse.db")};
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::string problem() const {
    const Status checked = check_output_files(arguments_);
    if (checked.ok()) return "";
    EXPECT_EQ(checked.error().code, ErrorCode::kUsage);
    return checked.error().message;
  }

  const fs::path folder_ =
      fs::path(::testing::TempDir()) / ("ringsync_output_files_" + std::to_string(getpid()));
  Arguments arguments_;
};

TEST_F(OutputFiles, ThatDifferAndCanBeWrittenAreFine) {
  arguments_.state_path = path("state.json");
  arguments_.summary_json_path = path("summary.json");
  arguments_.page_trace_path = path("pages.jsonl");
  EXPECT_EQ(problem(), "");
}

TEST_F(OutputFiles, ThatAreOneAndTheSameAreNamed) {
  const std::string roundabout = "../" + folder_.filename().string() + "/warehouse.db";
  for (const std::string& name : {std::string("warehouse.db"), std::string("warehouse.db.wal"),
                                  std::string("configuration.json"), roundabout}) {
    arguments_.summary_json_path = path(name);
    EXPECT_NE(problem().find("--summary-json"), std::string::npos) << name;
    arguments_.summary_json_path.reset();
    arguments_.state_path = path(name);
    EXPECT_NE(problem().find("--state"), std::string::npos) << name;
    arguments_.state_path.reset();
    arguments_.page_trace_path = path(name);
    EXPECT_NE(problem().find("--trace-pages"), std::string::npos) << name;
    arguments_.page_trace_path.reset();
  }
  std::ofstream(path("warehouse.db")) << "x";
  fs::create_symlink(path("warehouse.db"), path("link.db"));
  arguments_.state_path = path("link.db");
  EXPECT_NE(problem().find("same file"), std::string::npos);
}

TEST_F(OutputFiles, ThatDoNotExistYetAreComparedInEverySpelling) {
  arguments_.destination.path = "ringsync_absent.db";
  for (const std::string& same :
       {std::string("./ringsync_absent.db"), fs::current_path().string() + "/ringsync_absent.db"}) {
    arguments_.summary_json_path = same;
    EXPECT_NE(problem().find("same file"), std::string::npos) << same;
  }
}

TEST_F(OutputFiles, ThatAreTerminalsOrPipesMayTakeTheSummary) {
  arguments_.summary_json_path = "/dev/null";
  EXPECT_EQ(problem(), "");
}

TEST_F(OutputFiles, ThatAreNoFilesOrLieNowhereAreNamed) {
  arguments_.state_path = folder_.string();
  EXPECT_NE(problem().find("is a folder"), std::string::npos);
  arguments_.state_path = "/dev/full";
  EXPECT_NE(problem().find("no regular file"), std::string::npos);
  arguments_.state_path = path("missing/state.json");
  EXPECT_NE(problem().find("does not exist"), std::string::npos);
}

}  // namespace
}  // namespace ringsync
