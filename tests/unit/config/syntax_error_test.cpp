#include "config/syntax_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/configuration.h"

namespace ringsync {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string syntax_problem(std::string_view text) {
  const auto parsed = parse_configuration(text, "c.json", process_surroundings());
  EXPECT_FALSE(parsed.ok());
  if (parsed.ok()) return "";
  EXPECT_EQ(parsed.error().code, ErrorCode::kConfig);
  return parsed.error().message;
}

TEST(SyntaxErrors, NameFileLineAndColumn) {
  EXPECT_THAT(syntax_problem("{\n  \"host_1\": \"a\",\n  \"port\": nine\n}"),
              StartsWith("c.json, line 3, column 12: a word without quotes"));
}

TEST(SyntaxErrors, CountCharactersNotBytes) {
  EXPECT_THAT(syntax_problem("{\"éé\": x}"), StartsWith("c.json, line 1, column 8:"));
}

TEST(SyntaxErrors, OfAMissingCommaNameWhatStandsThere) {
  EXPECT_THAT(syntax_problem("{\"port\": 1\n\"username\": 2}"),
              HasSubstr("line 2, column 10: unexpected string literal; expected '}'"));
}

TEST(SyntaxErrors, OfTextsNumbersAndCommentsSayWhatToWrite) {
  EXPECT_THAT(syntax_problem("{\"port\": \"9042"), HasSubstr("no closing quote"));
  EXPECT_THAT(syntax_problem("{\"port\": \"9042\n\"}"), HasSubstr("control character inside"));
  EXPECT_THAT(syntax_problem("{\"password\": \"a\\b\\c\"}"), HasSubstr("lone backslash"));
  EXPECT_THAT(syntax_problem("{\"password\": \"\\u12\"}"), HasSubstr("four hexadecimal digits"));
  EXPECT_THAT(syntax_problem("{\"password\": \"\\ud800\"}"), HasSubstr("without its other half"));
  EXPECT_THAT(syntax_problem("{\"password\": \"\xff\"}"), HasSubstr("not UTF-8"));
  EXPECT_THAT(syntax_problem("{\"port\": 1.}"), HasSubstr("broken number"));
  EXPECT_THAT(syntax_problem("{\"port\": 1 // CQL\n}"), HasSubstr("a comment"));
  EXPECT_THAT(syntax_problem("{\"port\": 1e999}"), HasSubstr("too large; write it as text"));
  EXPECT_THAT(syntax_problem("{\"port\": # CQL\n1}"), HasSubstr("a comment"));
  EXPECT_THAT(syntax_problem(""), HasSubstr("ends too early"));
  EXPECT_THAT(syntax_problem("{\"port\": 1"), HasSubstr("ends too early"));
}

TEST(SyntaxErrors, NeverRepeatTheFilesText) {
  const std::string whole = R"({"password": "pass\"word-hunter2", "host_1": "node"})";
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    for (const char* broken : {"", "\x01", "\xff", "\\q", "hunter2", "\"", ",", "}"}) {
      const auto parsed =
          parse_configuration(whole.substr(0, cut) + broken, "c.json", process_surroundings());
      if (parsed.ok()) continue;
      EXPECT_THAT(parsed.error().message, Not(HasSubstr("hunter"))) << cut << broken;
      EXPECT_THAT(parsed.error().message, Not(HasSubstr("pass\""))) << cut << broken;
    }
  }
  EXPECT_THAT(syntax_problem("{\"password\": hunter2}"), Not(HasSubstr("hunt")));
}

}  // namespace
}  // namespace ringsync
