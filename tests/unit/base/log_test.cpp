#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace ringsync {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class Log : public ::testing::Test {
 protected:
  ~Log() override {
    set_log_writer({});
    set_up_logging(LogLevel::kInfo, LogFormat::kText);
  }

  void begin(LogFormat format) {
    set_up_logging(LogLevel::kInfo, format);
    set_log_writer([this](std::string_view line) { lines_ += line; });
  }

  std::string lines_;
};

TEST_F(Log, ShowsAnErrorWithItsCode) {
  begin(LogFormat::kText);
  log_error(Error{ErrorCode::kTimeout, "no answer"}.within("table a"));
  EXPECT_THAT(lines_, EndsWith("Z error[timeout]: table a: no answer\n"));
}

TEST_F(Log, ShowsOtherLinesWithTheirLevel) {
  begin(LogFormat::kText);
  log_info("{} rows", 3);
  log_debug("nobody asked");
  EXPECT_THAT(lines_, EndsWith("Z info 3 rows\n"));
}

TEST_F(Log, AsJsonHasTheCodeInAFieldOfItsOwn) {
  begin(LogFormat::kJson);
  log_error(Error{ErrorCode::kNameCollision, "\"a\" and \xff"});
  const auto line = nlohmann::json::parse(lines_);
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["code"], "name_collision");
  EXPECT_EQ(line["message"], "\"a\" and \xEF\xBF\xBD");
  lines_.clear();
  log_warning("mind the gap");
  EXPECT_FALSE(nlohmann::json::parse(lines_).contains("code"));
}

TEST_F(Log, AsFivetranCollectsItHasLevelMessageAndOriginOnly) {
  begin(LogFormat::kFivetran);
  log_info("{} rows", 3);
  EXPECT_EQ(
      fivetran_line({ErrorCode::kBusy, "\"full\""}),
      R"({"level":"SEVERE","message":"error[busy]: \"full\"","message-origin":"sdk_connector"})"
      "\n");
  EXPECT_EQ(lines_, R"({"level":"INFO","message":"3 rows","message-origin":"sdk_connector"})"
                    "\n");
  lines_.clear();
  log_warning("mind the \"gap\"");
  EXPECT_EQ(nlohmann::json::parse(lines_)["level"], "WARNING");
  lines_.clear();
  log_error(Error{ErrorCode::kTimeout, "no answer \xff"});
  EXPECT_EQ(nlohmann::json::parse(lines_)["level"], "SEVERE");
  EXPECT_EQ(nlohmann::json::parse(lines_)["message"], "error[timeout]: no answer \xEF\xBF\xBD");
}

TEST_F(Log, LinesOfAScopeBeginWithItsPrefixAndItsObserverGetsTheWarnings) {
  begin(LogFormat::kText);
  std::vector<std::string> warnings;
  {
    const LogScope scope("call 7: ", [&](std::string_view text) { warnings.emplace_back(text); });
    log_info("begun");
    log_warning("mind the gap");
    std::thread([] { log_warning("of another thread"); }).join();
  }
  log_warning("of nobody");
  EXPECT_THAT(lines_, ::testing::AllOf(HasSubstr("info call 7: begun\n"),
                                       HasSubstr("warning call 7: mind the gap\n"),
                                       HasSubstr("warning of another thread\n"),
                                       HasSubstr("warning of nobody\n")));
  EXPECT_THAT(warnings, ::testing::ElementsAre("mind the gap"));
}

}  // namespace
}  // namespace ringsync
