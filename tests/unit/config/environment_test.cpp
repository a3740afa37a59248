#include "config/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ringsync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::optional<std::string> lookup(const std::string& name) {
  if (name == "A") return "alpha";
  if (name == "_b2") return "${A} $${";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

std::string expanded(std::string_view text) {
  const auto result = expand_variables(text, lookup);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? result->text : "";
}

std::string problem_of(std::string_view text) {
  const auto result = expand_variables(text, lookup);
  EXPECT_FALSE(result.ok()) << text;
  return result.ok() ? "" : result.error().message;
}

TEST(Variables, AreReplacedWhereverTheyStandAndNotLookedIntoAgain) {
  EXPECT_EQ(expanded("${A}"), "alpha");
  EXPECT_EQ(expanded("x-${A}${A}.y"), "x-alphaalpha.y");
  EXPECT_EQ(expanded("${_b2}"), "${A} $${");
  EXPECT_TRUE(expand_variables("-${A}", lookup)->from_environment);
}

TEST(Variables, LeaveOtherDollarsAloneAndAreEscapedByASecondOne) {
  for (const char* text : {"", "plain", "$", "$$", "$A", "a$b$", "}{"}) {
    EXPECT_EQ(expanded(text), text);
    EXPECT_FALSE(expand_variables(text, lookup)->from_environment);
  }
  EXPECT_EQ(expanded("$${A}"), "${A}");
  EXPECT_EQ(expanded("$$${A}"), "$${A}");
  EXPECT_EQ(expanded("$${${A}"), "${alpha");
}

TEST(Variables, ThatAreNotSetOrEmptyAreNamed) {
  EXPECT_THAT(problem_of("${NOT_SET}"), AllOf(HasSubstr("variable NOT_SET, which is not set"),
                                              HasSubstr("write \"$${\" for \"${\" itself")));
  EXPECT_THAT(problem_of("${EMPTY}"), HasSubstr("variable EMPTY, which is empty"));
}

TEST(Variables, NeedANameInBraces) {
  for (const char* text : {"${", "${A", "${}", "${1A}", "${A B}", "pa${ss"}) {
    EXPECT_THAT(problem_of(text), HasSubstr("has \"${\" without the name")) << text;
  }
}

}  // namespace
}  // namespace ringsync
