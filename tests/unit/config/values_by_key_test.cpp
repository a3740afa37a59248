// Configurations that come as texts by key, from a caller who is not the one who started the
// program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/configuration.h"
#include "config/keys.h"

namespace ringsync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kAnyTime = 1'700'000'000'000;

using Values = std::map<std::string, std::string>;

Values minimal_with(Values more = {}) {
  more.insert({{"host_1", "node-1"},
               {"username", "reader"},
               {"password", "s3cr3t-value"},
               {"data_center_region", "dc1"},
               {"keyspace", "nyc"}});
  return more;
}

Result<std::string> keep_nothing(std::string_view) {
  return Error{ErrorCode::kConfig, "is not base64"};
}

Result<ParsedConfiguration> from_values(const Values& values) {
  return parse_configuration(values, kAnyTime, keep_nothing);
}

TEST(ValuesByKey, AreReadLikeAFile) {
  const auto read = from_values(minimal_with(
      {{"port", "9142"}, {"tables", "a, b"}, {"include_views", "true"}, {"host_2", ""}}));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->configuration.port, 9142);
  EXPECT_TRUE(read->configuration.include_views);
  EXPECT_THAT(read->configuration.tables, ElementsAre("a", "b"));
  EXPECT_THAT(read->configuration.hosts, ElementsAre("node-1"));
  EXPECT_THAT(read->warnings, IsEmpty());
}

TEST(ValuesByKey, CannotReadTheEnvironment) {
  ASSERT_EQ(setenv("RINGSYNC_TEST_SECRET", "of-the-process", 1), 0);
  const auto read = from_values(
      minimal_with({{"cursor_column", "${RINGSYNC_TEST_SECRET}"}, {"keyspace", "$${x}"}}));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->configuration.cursor_column, "${RINGSYNC_TEST_SECRET}");
  EXPECT_EQ(read->configuration.keyspace, "$${x}");
}

TEST(ValuesByKey, AreNotReplacedByTheProcesssOwnLogIn) {
  ASSERT_EQ(setenv("RINGSYNC_PASSWORD", "of-the-process", 1), 0);
  Values values = minimal_with();
  values.erase("password");
  const auto read = from_values(values);
  unsetenv("RINGSYNC_PASSWORD");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("password: is missing"));
  EXPECT_THAT(read.error().message, Not(HasSubstr("RINGSYNC_PASSWORD")));
}

TEST(ValuesByKey, AreToldOfAllThatIsWrongAtOnceWithoutTheSecret) {
  const auto read = from_values({{"host_1", "http://node"},
                                 {"port", "0"},
                                 {"password", "s3cr3t-value"},
                                 {"type_mapping", "s3cr3t-value"},
                                 {"tls", "maybe"},
                                 {"tls_ca_file", "-----BEGIN"},
                                 {"pasword", "x"}});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::kConfig);
  EXPECT_THAT(read.error().message,
              AllOf(HasSubstr("8 problems in the configuration:"), HasSubstr("host_1: "),
                    HasSubstr("port: "), HasSubstr("username: is missing"),
                    HasSubstr("data_center_region: "), HasSubstr("keyspace: "),
                    HasSubstr("type_mapping: the value (not shown)"), HasSubstr("tls: "),
                    HasSubstr("did you mean \"password\"?"), Not(HasSubstr("s3cr3t-value"))));
}

TEST(ValuesByKey, HoldFilesWhoseContentIsKeptElsewhere) {
  std::string kept;
  const auto read =
      parse_configuration(minimal_with({{"tls", "true"}, {"tls_ca_file", "Y29udGVudA=="}}),
                          kAnyTime, [&](std::string_view value) -> Result<std::string> {
                            kept = value;
                            return std::string("/private/1");
                          });
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(kept, "Y29udGVudA==");
  EXPECT_EQ(read->configuration.tls_ca_file, "/private/1");
}

TEST(ValuesByKey, NameAFileThatCannotBeKeptWithoutItsContent) {
  const auto read = from_values(minimal_with({{"tls", "true"}, {"tls_ca_file", "/etc/passwd"}}));
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message,
              AllOf(HasSubstr("tls_ca_file: the file is not base64; upload a PEM file with the "
                              "authorities to trust"),
                    Not(HasSubstr("/etc/passwd"))));
}

}  // namespace
}  // namespace ringsync
