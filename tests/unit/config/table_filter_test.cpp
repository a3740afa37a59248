#include "config/table_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringsync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Configuration filtering(std::vector<std::string> tables, std::vector<std::string> excluded) {
  Configuration configuration;
  configuration.tables = std::move(tables);
  configuration.exclude_tables = std::move(excluded);
  return configuration;
}

TEST(TablePatterns, FitWholeNamesWithAnyNumberOfWildcards) {
  EXPECT_TRUE(pattern_matches("flights", "flights"));
  EXPECT_TRUE(pattern_matches("*", ""));
  EXPECT_TRUE(pattern_matches("f*s", "fs"));
  EXPECT_TRUE(pattern_matches("*a*b", "xaxbxb"));
  EXPECT_TRUE(pattern_matches("w**r", "weather"));
  EXPECT_FALSE(pattern_matches("flight", "flights"));
  EXPECT_FALSE(pattern_matches("Flights", "flights"));
  EXPECT_FALSE(pattern_matches("*a*b", "xaxbx"));
  EXPECT_FALSE(pattern_matches("", "a"));
  EXPECT_FALSE(pattern_matches("aa*", "a"));
}

TEST(TablePatterns, ThatBacktrackMuchStillEndSoon) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(pattern_matches(pattern + "b", std::string(5000, 'a')));
}

TEST(TableFilter, TakesEveryTableByDefault) { EXPECT_TRUE(selects(filtering({}, {}), "flights")); }

TEST(TableFilter, TakesOnlyNamedTablesAndLetsExclusionWin) {
  const Configuration configuration = filtering({"flights", "weather*"}, {"*_old", "flights"});
  EXPECT_TRUE(selects(configuration, "weather"));
  EXPECT_TRUE(selects(configuration, "weather_new"));
  EXPECT_FALSE(selects(configuration, "weather_old"));
  EXPECT_FALSE(selects(configuration, "flights"));
  EXPECT_FALSE(selects(configuration, "planes"));
}

TEST(TableLists, RefuseWhatCannotBeATable) {
  EXPECT_THAT(*parse_table_list("a, B_2 , c*"), ElementsAre("a", "B_2", "c*"));
  EXPECT_THAT(parse_table_list("nyc.flights").error().message,
              HasSubstr("\"nyc.flights\" has a dot; write the table's name without its keyspace"));
  EXPECT_THAT(parse_table_list("\"Flights\"").error().message, HasSubstr("has quotes inside"));
  EXPECT_THAT(parse_table_list("a b").error().message, HasSubstr("cannot be a table's name"));
}

TEST(NamesNotFound, NameTheTableThatWasProbablyMeant) {
  const std::vector<std::string> discovered{"airlines", "flights"};
  const auto not_found =
      names_not_found(filtering({"flihgts", "airlines", "zz*"}, {"airline"}), discovered);
  ASSERT_THAT(not_found, SizeIs(3));
  EXPECT_EQ(not_found[0].message(),
            "tables: no table of the keyspace is called \"flihgts\"; did you mean \"flights\"?");
  EXPECT_EQ(not_found[1].message(), "tables: no table of the keyspace fits \"zz*\"");
  EXPECT_EQ(not_found[2].key, "exclude_tables");
  EXPECT_EQ(not_found[2].nearest, "airlines");
}

TEST(NamesNotFound, LetExcludingWildcardsFitNothing) {
  EXPECT_THAT(names_not_found(filtering({"fl*"}, {"*_old"}), std::vector<std::string>{"flights"}),
              IsEmpty());
}

}  // namespace
}  // namespace ringsync
