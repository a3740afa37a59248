#include "config/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

namespace ringsync {
namespace {

using ::testing::HasSubstr;

TEST(Keys, HaveUniqueNamesDescriptionsAndExamples) {
  std::set<std::string_view> names;
  for (const ConfigKey& key : configuration_keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.description.empty()) << key.name;
    EXPECT_FALSE(key.example.empty()) << key.name;
    EXPECT_FALSE(key.required && !key.default_value.empty()) << key.name;
  }
}

TEST(Keys, RequireWhatTheOriginalExampleRequires) {
  std::set<std::string_view> required;
  for (const ConfigKey& key : configuration_keys()) {
    if (key.required) required.insert(key.name);
  }
  EXPECT_EQ(required, (std::set<std::string_view>{"host_1", "username", "password",
                                                  "data_center_region", "keyspace"}));
}

TEST(Keys, HoldOneSecret) {
  for (const ConfigKey& key : configuration_keys()) {
    EXPECT_EQ(key.secret, key.name == "password") << key.name;
  }
}

TEST(ConfigurationHelp, NamesEveryKeyWithItsDefaultWithinTheWidth) {
  for (const size_t width : {80U, 100U, 120U}) {
    const std::string help = configuration_help(width);
    for (const ConfigKey& key : configuration_keys()) {
      EXPECT_THAT(help, HasSubstr("\n  " + std::string(key.name) + " "));
      EXPECT_THAT(help, HasSubstr(std::string(key.default_value)));
    }
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), width) << line;
  }
}

}  // namespace
}  // namespace ringsync
