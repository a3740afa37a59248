#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace ringsync {
namespace {

using ::testing::EndsWith;

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

}  // namespace
}  // namespace ringsync
