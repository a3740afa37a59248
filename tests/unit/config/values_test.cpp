#include "config/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/keys.h"
#include "config/nearest.h"

namespace ringsync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string host_problem(std::string_view text) {
  const auto host = read_host(text);
  return host.ok() ? "" : host.error().message;
}

TEST(Hosts, MayBeNamesOrAddresses) {
  for (const char* text : {"localhost", "node-1.scylla.example.com", "node_1", "example.com.",
                           "10.0.0.1", "::1", "2001:db8::7", "xn--bcher-kva.example", "a1"}) {
    const auto host = read_host(text);
    ASSERT_TRUE(host.ok()) << text << ": " << host.error().message;
    EXPECT_EQ(*host, text);
  }
}

TEST(Hosts, LoseTheBracketsOfAnIpv6Address) {
  const auto host = read_host("[2001:db8::7]");
  ASSERT_TRUE(host.ok());
  EXPECT_EQ(*host, "2001:db8::7");
}

TEST(Hosts, WithAPortAreToldToUseThePortKey) {
  for (const char* text : {"node-1:9042", "10.0.0.1:9042", "[::1]:9042", "node-1:"}) {
    EXPECT_THAT(host_problem(text), HasSubstr("has a port; write the host alone, and its port as "
                                              "`port`"))
        << text;
  }
}

TEST(Hosts, ThatAreUrlsListsOrNoHostsAreErrorsThatSaySo) {
  EXPECT_THAT(host_problem("cassandra://node-1"), HasSubstr("is a URL"));
  EXPECT_THAT(host_problem("node-1,node-2"), HasSubstr("more than one host"));
  EXPECT_THAT(host_problem("node 1"), HasSubstr("more than one host"));
  EXPECT_THAT(host_problem("[node-1]"), HasSubstr("not an IPv6 address in brackets"));
  for (const char* text : {"node..1", ".node", "nö", "a/b", ":::1", "1::2::3", ""}) {
    EXPECT_NE(host_problem(text), "") << text;
  }
  EXPECT_NE(host_problem(std::string(64, 'a')), "");
}

TEST(Hosts, ThatLookLikeBrokenIpv4AddressesAreErrors) {
  for (const char* text : {"10.0.0.256", "10.0.1", "1.2.3.4.5", "127", "010.0.0.1"}) {
    EXPECT_THAT(host_problem(text), HasSubstr("not an IPv4 address")) << text;
  }
}

TEST(Integers, AreReadWithinTheirBounds) {
  const ConfigKey& port = *find_key("port");
  EXPECT_EQ(*read_integer(port, "1"), 1U);
  EXPECT_EQ(*read_integer(port, "65535"), 65535U);
  for (const char* text : {"0", "65536", "-1", "99999999999999999999"}) {
    EXPECT_THAT(read_integer(port, text).error().message,
                HasSubstr("is out of range; write a whole number from 1 to 65535"))
        << text;
  }
}

TEST(Integers, WithAnythingElseInThemAreErrors) {
  for (const char* text : {"", "x", "9042x", "9 042", "+1", "1.0", "1e3", "0x10"}) {
    EXPECT_THAT(read_integer(*find_key("port"), text).error().message,
                HasSubstr("is not a whole number"))
        << text;
  }
}

TEST(Choices, AreReadInAnyCaseAndListedWhenUnknown) {
  const ConfigKey& key = *find_key("consistency");
  EXPECT_EQ(*read_choice(key, "local_one"), static_cast<size_t>(Consistency::kLocalOne));
  EXPECT_EQ(*read_choice(key, "ALL"), static_cast<size_t>(Consistency::kAll));
  EXPECT_THAT(read_choice(key, "EACH_QUORUM").error().message,
              HasSubstr("ONE, TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, LOCAL_ONE"));
  for (size_t i = 0; i < key.choices.size(); ++i) {
    EXPECT_EQ(to_string(static_cast<Consistency>(i)), key.choices[i].name);
  }
}

TEST(Booleans, AreTrueOrFalseInAnyCase) {
  const ConfigKey& key = *find_key("tls");
  EXPECT_TRUE(*read_boolean(key, "TRUE"));
  EXPECT_FALSE(*read_boolean(key, "false"));
  for (const char* text : {"yes", "1", "tru", "truee", "on"}) {
    EXPECT_THAT(read_boolean(key, text).error().message, HasSubstr("write true or false")) << text;
  }
}

constexpr int64_t kEndOf2023 = 1'700'000'000'000;  // 2023-11-14T22:13:20Z

int64_t date_time(std::string_view text) {
  const auto moment = read_date_time(*find_key("initial_sync_start"), text, kEndOf2023);
  EXPECT_TRUE(moment.ok()) << text << ": " << (moment.ok() ? "" : moment.error().message);
  return moment.ok() ? *moment : -1;
}

TEST(DateTimes, AreReadInTheFormsOfIso8601) {
  EXPECT_EQ(date_time("1970-01-01"), 0);
  EXPECT_EQ(date_time("2000-02-29T12:34"), 951'827'640'000);
  EXPECT_EQ(date_time("2000-02-29 12:34:56"), 951'827'696'000);
  EXPECT_EQ(date_time("2000-02-29T12:34:56.7Z"), 951'827'696'700);
  EXPECT_EQ(date_time("2000-02-29T14:34:56.789+02:00"), 951'827'696'789);
  EXPECT_EQ(date_time("2000-02-29T07:04:56-05:30"), 951'827'696'000);
  EXPECT_EQ(date_time("1969-12-31T23:59:59.999Z"), -1);
  EXPECT_EQ(date_time("2023-11-14T22:13:20Z"), kEndOf2023);
}

TEST(DateTimes, OfOtherFormsOrDaysThatAreNoneAreErrors) {
  const ConfigKey& key = *find_key("initial_sync_start");
  for (const char* text : {"",
                           "2020",
                           "20-01-01",
                           "2020-1-1",
                           "2020-13-01",
                           "2021-02-29",
                           "2020-00-10",
                           "2020-01-01T",
                           "2020-01-01T24:00",
                           "2020-01-01T10",
                           "2020-01-01T10:60",
                           "2020-01-01T10:00:60",
                           "2020-01-01T10:00:00.",
                           "2020-01-01T10:00:00.1234567890",
                           "2020-01-01T10:00Zx",
                           "-200-01-01",
                           "2020-01-01T10:00+2",
                           "2020-01-01T10:00+15:00",
                           "01/02/2020",
                           "1700000000",
                           "2020-01--1",
                           "2020-+1-01",
                           "2020-01-01Z"}) {
    const auto moment = read_date_time(key, text, kEndOf2023);
    ASSERT_FALSE(moment.ok()) << text;
    EXPECT_THAT(moment.error().message, HasSubstr("as 2024-01-31 or 2024-01-31T12:00:00Z"));
  }
}

TEST(DateTimes, InTheFutureAreErrors) {
  const auto moment =
      read_date_time(*find_key("initial_sync_start"), "2023-11-14T22:13:21Z", kEndOf2023);
  ASSERT_FALSE(moment.ok());
  EXPECT_THAT(moment.error().message, HasSubstr("lies in the future"));
}

TEST(DecimalTypes, NameATableAColumnAndASize) {
  EXPECT_EQ(*read_decimal_type("orders.total=DECIMAL(18,2)"),
            (DecimalType{"orders", "total", 18, 2}));
  EXPECT_EQ(*read_decimal_type("* . n = decimal ( 38 )"), (DecimalType{"*", "n", 38, 0}));
  EXPECT_EQ(*read_decimal_type("t.a.b = c=Decimal(5, 5)"), (DecimalType{"t", "a.b = c", 5, 5}));
  EXPECT_EQ(*read_decimal_type(R"(t."a""b"=DECIMAL(1,0))"), (DecimalType{"t", "a\"b", 1, 0}));
}

TEST(DecimalTypes, ThatAreWrongSayWhatIs) {
  const auto problem = [](std::string_view text) {
    const auto type = read_decimal_type(text);
    EXPECT_FALSE(type.ok()) << text;
    return type.ok() ? "" : type.error().message;
  };
  for (const char* text : {"", "total=DECIMAL(18,2)", "orders.total", "DECIMAL(18,2)"}) {
    EXPECT_THAT(problem(text), HasSubstr("names no column")) << text;
  }
  for (const char* text : {"o.t=NUMERIC(1)", "o.t=DECIMAL", "o.t=DECIMAL 3", "o.t="}) {
    EXPECT_THAT(problem(text), HasSubstr("has no DECIMAL")) << text;
  }
  for (const char* text : {"o.t=DECIMAL()", "o.t=DECIMAL(a)", "o.t=DECIMAL(5,-1)",
                           "o.t=DECIMAL(5,)", "o.t=DECIMAL(5,1,1)"}) {
    EXPECT_THAT(problem(text), HasSubstr("no whole number")) << text;
  }
  EXPECT_THAT(problem("o.t=DECIMAL(39,2)"), HasSubstr("write 1 to 38 digits"));
  EXPECT_THAT(problem("o.t=DECIMAL(0,0)"), HasSubstr("write 1 to 38 digits"));
  EXPECT_THAT(problem("o.t=DECIMAL(5,6)"), HasSubstr("scale above its precision"));
  EXPECT_THAT(problem("o-o.t=DECIMAL(5,2)"), HasSubstr("cannot be a table's name"));
  EXPECT_THAT(problem(".t=DECIMAL(5,2)"), HasSubstr("lacks the name"));
  EXPECT_THAT(problem("o.=DECIMAL(5,2)"), HasSubstr("lacks the name"));
}

TEST(Lists, AreSplitAtCommasAndTrimmed) {
  EXPECT_THAT(split_list(" a, b ,,c,"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list(" , "), ElementsAre());
  EXPECT_THAT(split_list(R"(t."a,(b"=D(1,2), u=D(3))"),
              ElementsAre(R"(t."a,(b"=D(1,2))", "u=D(3)"));
}

TEST(Quoting, KeepsMessagesShortAndOnOneLine) {
  EXPECT_EQ(quoted_for_message("a\nb\x1b"), "\"a?b?\"");
  EXPECT_EQ(quoted_for_message(std::string(100, 'x')), '"' + std::string(60, 'x') + "…\"");
  EXPECT_EQ(quoted_for_message(std::string(59, 'x') + "éé"), '"' + std::string(59, 'x') + "é…\"");
}

TEST(NearestNames, AreFoundForSlipsOnly) {
  const std::vector<std::string> names{"flights", "airports", "Weather"};
  EXPECT_EQ(nearest_name("flihgts", names), "flights");
  EXPECT_EQ(nearest_name("weather", names), "Weather");
  EXPECT_EQ(nearest_name("planes", names), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), names), std::nullopt);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "Sitting"), 3U);
  EXPECT_EQ(edit_distance("snyc", "sync"), 1U);
}

}  // namespace
}  // namespace ringsync
