#include "config/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

#include "config/key_text.h"

namespace ringsync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Keys, HaveUniqueNamesAndLabelsDescriptionsAndExamples) {
  std::set<std::string_view> names;
  std::set<std::string_view> labels;
  for (const ConfigKey& key : configuration_keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_TRUE(labels.insert(key.label).second) << key.name;
    EXPECT_FALSE(key.label.empty()) << key.name;
    EXPECT_FALSE(key.description.empty()) << key.name;
    EXPECT_TRUE(key.advice.ends_with('.')) << key.name;
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

TEST(Keys, StandInTheOrderOfTheirGroups) {
  KeyGroup last = KeyGroup::kConnection;
  for (const ConfigKey& key : configuration_keys()) {
    EXPECT_GE(key.group, last) << key.name;
    EXPECT_FALSE(to_string(key.group).empty());
    last = key.group;
  }
}

TEST(Keys, HaveChoicesBoundsAndSwitchesWhereTheirKindHasThem) {
  for (const ConfigKey& key : configuration_keys()) {
    const bool is_number = key.kind == KeyKind::kInteger || key.kind == KeyKind::kPort;
    EXPECT_EQ(key.choices.empty(), key.kind != KeyKind::kChoice) << key.name;
    EXPECT_EQ(key.integer_max > key.integer_min, is_number) << key.name;
    EXPECT_EQ(std::holds_alternative<std::monostate>(key.target), key.kind == KeyKind::kHost);
    if (key.needs.empty()) continue;
    ASSERT_NE(find_key(key.needs), nullptr) << key.name;
    EXPECT_EQ(find_key(key.needs)->kind, KeyKind::kBoolean) << key.name;
  }
}

TEST(Keys, HoldOneSecret) {
  for (const ConfigKey& key : configuration_keys()) {
    EXPECT_EQ(key.secret, key.name == "password") << key.name;
  }
}

TEST(ConfigurationSummary, TellsEveryKeysTypeAndDefaultWithinTheWidth) {
  for (const size_t width : {80U, 100U}) {
    const std::string summary = configuration_summary(width);
    for (const ConfigKey& key : configuration_keys()) {
      const size_t at = summary.find("\n  " + std::string(key.name) + " ");
      ASSERT_NE(at, std::string::npos) << key.name;
      std::string told = summary.substr(at + 1, summary.find(']', at) - at - 1);
      for (size_t i = told.find("\n"); i != std::string::npos; i = told.find("\n")) {
        told.replace(i, told.find_first_not_of(' ', i + 1) - i, " ");
      }
      EXPECT_THAT(told, AllOf(HasSubstr(key.description.substr(1)), HasSubstr(" [")));
      EXPECT_EQ(told.find(", required") != std::string::npos, key.required) << told;
      const std::string by_default = ", default " + std::string(key.default_value);
      EXPECT_TRUE(key.default_value.empty() || told.find(by_default) != std::string::npos) << told;
      EXPECT_THAT(told, HasSubstr(key.environment));
      EXPECT_THAT(told, HasSubstr(key.needs));
    }
    std::istringstream lines(summary);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), width) << line;
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
