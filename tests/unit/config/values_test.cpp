#include "config/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

TEST(ConsistencyLevels, AreReadInAnyCaseAndListedWhenUnknown) {
  const ConfigKey& key = *find_key("consistency");
  EXPECT_EQ(*read_consistency(key, "local_one"), Consistency::kLocalOne);
  EXPECT_EQ(*read_consistency(key, "ALL"), Consistency::kAll);
  EXPECT_THAT(read_consistency(key, "EACH_QUORUM").error().message,
              HasSubstr("ONE, TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, LOCAL_ONE"));
  for (const std::string_view name : consistency_names()) {
    EXPECT_EQ(to_string(*read_consistency(key, name)), name);
  }
}

TEST(Lists, AreSplitAtCommasAndTrimmed) {
  EXPECT_THAT(split_list(" a, b ,,c,"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list(" , "), ElementsAre());
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
