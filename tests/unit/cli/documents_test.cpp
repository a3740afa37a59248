// Holds the committed documents against the tables that they are made from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/error_catalogue.h"
#include "cli/error_text.h"
#include "cli/exit_codes.h"
#include "config/key_text.h"
#include "config/keys.h"

namespace ringsync {
namespace {

using ::testing::HasSubstr;

std::string committed(const std::string& name) {
  std::ifstream file(std::string(RINGSYNC_DOCS "/") + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Documents, OfTheConfigurationAreUpToDate) {
  EXPECT_EQ(committed("configuration.md"), configuration_document())
      << "make it anew: build/release/ringsync help configuration --markdown > "
         "docs/configuration.md";
}

TEST(Documents, OfTheErrorsAreUpToDate) {
  EXPECT_EQ(committed("errors.md"), errors_document())
      << "make it anew: build/release/ringsync help errors --markdown > docs/errors.md";
}

TEST(Documents, HaveARowForEachKeyErrorAndExitCode) {
  const std::string keys = configuration_document();
  for (const ConfigKey& key : configuration_keys()) {
    EXPECT_THAT(keys, HasSubstr("\n| `" + std::string(key.name) + "` | "));
  }
  const std::string errors = errors_document();
  for (const ErrorEntry& entry : error_catalogue()) {
    EXPECT_THAT(errors, HasSubstr("\n| `" + std::string(entry.id) + "` | "));
  }
  for (const auto& [code, meaning] : exit_code_meanings()) {
    EXPECT_THAT(errors, HasSubstr("\n| " + std::to_string(code) + " | " + std::string(meaning)));
  }
}

TEST(ErrorHelp, NamesEveryErrorAndItsRemedyWithinTheWidth) {
  constexpr size_t kWidth = 90;
  const std::string all = errors_help(kWidth);
  for (const ErrorEntry& entry : error_catalogue()) {
    EXPECT_THAT(all, HasSubstr("\n  " + std::string(entry.id) + " "));
    const std::string one = error_help(entry, kWidth);
    EXPECT_THAT(one, HasSubstr("error[" + std::string(entry.id) + "]: "));
    EXPECT_THAT(one, HasSubstr("Exit code " + std::to_string(exit_code(entry.code))));
    for (const std::string& text : {all, one}) {
      for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at);
        EXPECT_LE(end - at, kWidth) << text.substr(at, end - at);
        at = end + 1;
      }
    }
  }
}

}  // namespace
}  // namespace ringsync
