#include "base/error_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ringsync {
namespace {

using ::testing::MatchesRegex;

TEST(ErrorCatalogue, HasAnEntryForEveryCodeWithAnIdOfItsOwnAMeaningAndARemedy) {
  std::set<std::string_view> ids;
  for (size_t i = 0; i <= static_cast<size_t>(ErrorCode::kInternal); ++i) {
    const ErrorEntry& entry = catalogue_entry(static_cast<ErrorCode>(i));
    EXPECT_EQ(entry.code, static_cast<ErrorCode>(i));
    EXPECT_TRUE(ids.insert(entry.id).second) << entry.id;
    EXPECT_THAT(std::string(entry.id), MatchesRegex("[a-z]+(_[a-z]+)*"));
    EXPECT_TRUE(entry.meaning.ends_with('.')) << entry.id;
    EXPECT_TRUE(entry.remedy.ends_with('.')) << entry.id;
  }
  EXPECT_EQ(error_catalogue().size(), ids.size());
}

TEST(ErrorCatalogue, FindsAnEntryByItsId) {
  ASSERT_NE(find_error("bad_paging_state"), nullptr);
  EXPECT_EQ(find_error("bad_paging_state")->code, ErrorCode::kBadPagingState);
  EXPECT_EQ(find_error("no_such_error"), nullptr);
}

TEST(ErrorCatalogue, LetsOnlyFailuresOfTheSourcePass) {
  for (const ErrorEntry& entry : error_catalogue()) {
    EXPECT_EQ(is_transient(entry.code), entry.may_pass);
    EXPECT_TRUE(!entry.may_pass || entry.kind == ErrorClass::kSource) << entry.id;
  }
  EXPECT_TRUE(is_transient(ErrorCode::kTimeout));
  EXPECT_FALSE(is_transient(ErrorCode::kAuth));
}

}  // namespace
}  // namespace ringsync
