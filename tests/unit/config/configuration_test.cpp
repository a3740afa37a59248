#include "config/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/keys.h"

namespace ringsync {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

json minimal() {
  return {{"host_1", "node-1"},
          {"username", "reader"},
          {"password", "s3cr3t-value"},
          {"data_center_region", "dc1"},
          {"keyspace", "nyc"}};
}

json minimal_with(const std::string& key, json value) {
  json document = minimal();
  document[key] = std::move(value);
  return document;
}

constexpr int64_t kNow = 1'700'000'000'000;  // 2023-11-14T22:13:20Z

/// An environment of its own, files that can all be read, a clock that stands.
struct FakeSurroundings {
  std::map<std::string, std::string> variables;
  std::string unreadable_file;

  Surroundings get() const {
    Surroundings made;
    made.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
    made.file_problem = [this](const std::string& path) -> std::optional<std::string> {
      if (path != unreadable_file) return std::nullopt;
      return "No such file or directory";
    };
    made.now_ms = kNow;
    return made;
  }
};

Result<ParsedConfiguration> parse(const json& document, const FakeSurroundings& around = {}) {
  return parse_configuration(document.dump(), "c.json", around.get());
}

ParsedConfiguration parsed(const json& document, const FakeSurroundings& around = {}) {
  auto result = parse(document, around);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? *result : ParsedConfiguration{};
}

std::string problem(const json& document, const FakeSurroundings& around = {}) {
  const auto result = parse(document, around);
  EXPECT_FALSE(result.ok());
  if (result.ok()) return "";
  EXPECT_EQ(result.error().code, ErrorCode::kConfig);
  return result.error().message;
}

TEST(Configuration, NeedsOnlyTheRequiredKeysAndDefaultsTheRest) {
  const ParsedConfiguration result = parsed(minimal());
  const Configuration& c = result.configuration;
  EXPECT_THAT(c.hosts, ElementsAre("node-1"));
  EXPECT_EQ(c.port, 9042);
  EXPECT_EQ(c.username, "reader");
  EXPECT_EQ(c.password, "s3cr3t-value");
  EXPECT_EQ(c.data_center_region, "dc1");
  EXPECT_EQ(c.keyspace, "nyc");
  EXPECT_THAT(c.tables, IsEmpty());
  EXPECT_THAT(c.exclude_tables, IsEmpty());
  EXPECT_EQ(c.cursor_column, "updated_at");
  EXPECT_EQ(c.checkpoint_interval, 1000U);
  EXPECT_EQ(c.lag_seconds, 30U);
  EXPECT_EQ(c.overlap_seconds, 300U);
  EXPECT_EQ(c.page_size, 5000U);
  EXPECT_EQ(c.max_in_flight, 0U);
  EXPECT_EQ(c.consistency, Consistency::kLocalQuorum);
  EXPECT_FALSE(c.include_views);
  EXPECT_FALSE(c.tls);
  EXPECT_EQ(c.tls_verify, TlsVerification::kCa);
  EXPECT_EQ(c.tls_ca_file + c.tls_cert_file + c.tls_key_file, "");
  EXPECT_EQ(c.initial_sync_start_ms, std::nullopt);
  EXPECT_EQ(c.index_reads, IndexReads::kAuto);
  EXPECT_EQ(c.interval_hours, 6U);
  EXPECT_EQ(c.max_rows_per_second, 0U);
  EXPECT_EQ(c.connect_timeout_seconds, 5U);
  EXPECT_EQ(c.request_timeout_seconds, 30U);
  EXPECT_EQ(c.retry_seconds, 75U);
  EXPECT_EQ(c.type_mapping, TypeMapping::kCompatible);
  EXPECT_EQ(c.nested_types, NestedTypes::kJson);
  EXPECT_THAT(c.decimal_types, IsEmpty());
  EXPECT_EQ(c.on_unrepresentable, UnrepresentableValues::kFail);
  EXPECT_EQ(c.commit_rows, 0U);
  EXPECT_EQ(c.commit_seconds, 10U);
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST(Configuration, ThatLacksAKeyNamesTheUnknownOneThatMayBeMeant) {
  json document = minimal();
  document.erase("password");
  document["pasword"] = "s3cr3t-value";
  EXPECT_THAT(problem(document),
              AllOf(HasSubstr("password:"), HasSubstr("note: \"pasword\""),
                    HasSubstr("did you mean \"password\"?"), Not(HasSubstr("s3cr3t-value"))));
}

TEST(Configuration, TakesEveryValueAsText) {
  json document = minimal();
  document.update({{"host_2", "10.0.0.2"},
                   {"host_3", "[::1]"},
                   {"port", "9142"},
                   {"tables", "flights, weather"},
                   {"exclude_tables", "x_*"},
                   {"cursor_column", "changed"},
                   {"checkpoint_interval", "5"},
                   {"lag_seconds", "0"},
                   {"overlap_seconds", "0"},
                   {"page_size", "100"},
                   {"max_in_flight", "7"},
                   {"consistency", "one"},
                   {"include_views", "True"},
                   {"tls", "true"},
                   {"tls_verify", "FULL"},
                   {"tls_ca_file", "ca.pem"},
                   {"tls_cert_file", "c.pem"},
                   {"tls_key_file", "k.pem"},
                   {"initial_sync_start", "1970-01-02"},
                   {"index_reads", "never"},
                   {"interval_hours", "24"},
                   {"max_rows_per_second", "1000"},
                   {"connect_timeout_seconds", "2"},
                   {"request_timeout_seconds", "3"},
                   {"retry_seconds", "0"},
                   {"type_mapping", "lossless"},
                   {"nested_types", "native"},
                   {"decimal_types", "orders.total=DECIMAL(18,2), *_log.n=decimal( 38 )"},
                   {"on_unrepresentable", "null"},
                   {"commit_rows", "4"},
                   {"commit_seconds", "5"}});
  const Configuration c = parsed(document).configuration;
  EXPECT_THAT(c.hosts, ElementsAre("node-1", "10.0.0.2", "::1"));
  EXPECT_THAT(contact_points(c), ElementsAre("node-1:9142", "10.0.0.2:9142", "[::1]:9142"));
  EXPECT_THAT(c.tables, ElementsAre("flights", "weather"));
  EXPECT_THAT(c.exclude_tables, ElementsAre("x_*"));
  EXPECT_EQ(c.cursor_column, "changed");
  EXPECT_EQ(c.checkpoint_interval, 5U);
  EXPECT_EQ(c.lag_seconds, 0U);
  EXPECT_EQ(c.overlap_seconds, 0U);
  EXPECT_EQ(c.page_size, 100U);
  EXPECT_EQ(c.max_in_flight, 7U);
  EXPECT_EQ(c.consistency, Consistency::kOne);
  EXPECT_TRUE(c.include_views);
  EXPECT_TRUE(c.tls);
  EXPECT_EQ(c.tls_verify, TlsVerification::kFull);
  EXPECT_EQ(c.tls_ca_file + c.tls_cert_file + c.tls_key_file, "ca.pemc.pemk.pem");
  EXPECT_EQ(c.initial_sync_start_ms, 86'400'000);
  EXPECT_EQ(c.index_reads, IndexReads::kNever);
  EXPECT_EQ(c.interval_hours, 24U);
  EXPECT_EQ(c.max_rows_per_second, 1000U);
  EXPECT_EQ(c.connect_timeout_seconds, 2U);
  EXPECT_EQ(c.request_timeout_seconds, 3U);
  EXPECT_EQ(c.retry_seconds, 0U);
  EXPECT_EQ(c.type_mapping, TypeMapping::kLossless);
  EXPECT_EQ(c.nested_types, NestedTypes::kNative);
  EXPECT_THAT(c.decimal_types,
              ElementsAre(DecimalType{"orders", "total", 18, 2}, DecimalType{"*_log", "n", 38, 0}));
  EXPECT_EQ(c.on_unrepresentable, UnrepresentableValues::kNull);
  EXPECT_EQ(c.commit_rows, 4U);
  EXPECT_EQ(c.commit_seconds, 5U);
}

TEST(Configuration, TakesNumbersBooleansAndArraysOfJsonToo) {
  json document = minimal_with("port", 9142);
  document["tls"] = true;
  document["decimal_types"] = {R"(t."a,b"=DECIMAL(4,1))"};
  document["tables"] = {"flights", " weather "};
  document["page_size"] = 1;
  document["username"] = 4711;
  const Configuration c = parsed(document).configuration;
  EXPECT_EQ(c.port, 9142);
  EXPECT_EQ(c.page_size, 1U);
  EXPECT_EQ(c.username, "4711");
  EXPECT_TRUE(c.tls);
  EXPECT_THAT(c.decimal_types, ElementsAre(DecimalType{"t", "a,b", 4, 1}));
  EXPECT_THAT(c.tables, ElementsAre("flights", "weather"));
}

TEST(Configuration, TreatsNullEmptyAndBlankOptionalValuesAsAbsent) {
  const Configuration defaults = parsed(minimal()).configuration;
  for (const json& nothing : {json(nullptr), json(""), json("  ")}) {
    json document = minimal();
    for (const ConfigKey& key : configuration_keys()) {
      if (!key.required) document[std::string(key.name)] = nothing;
    }
    const ParsedConfiguration result = parsed(document);
    EXPECT_EQ(result.configuration.hosts, defaults.hosts);
    EXPECT_EQ(result.configuration.port, defaults.port);
    EXPECT_EQ(result.configuration.tables, defaults.tables);
    EXPECT_EQ(result.configuration.cursor_column, defaults.cursor_column);
    EXPECT_EQ(result.configuration.page_size, defaults.page_size);
    EXPECT_EQ(result.configuration.consistency, defaults.consistency);
    EXPECT_THAT(result.warnings, IsEmpty());
  }
  EXPECT_THAT(parsed(minimal_with("tables", json::array())).configuration.tables, IsEmpty());
}

TEST(Configuration, ReportsEachRequiredKeyThatIsMissingNullOrEmpty) {
  for (const ConfigKey& key : configuration_keys()) {
    if (!key.required) continue;
    const std::string name(key.name);
    json missing = minimal();
    missing.erase(name);
    EXPECT_THAT(problem(missing), HasSubstr("\n  " + name + ": is missing; write ")) << name;
    EXPECT_THAT(problem(minimal_with(name, nullptr)), HasSubstr(name + ": is missing; write "));
    EXPECT_THAT(problem(minimal_with(name, "")), HasSubstr(name + ": is empty; write ")) << name;
  }
}

TEST(Configuration, ReportsAllProblemsAtOnceALineEach) {
  EXPECT_EQ(problem({{"host_1", "node-1:9042"},
                     {"port", "nine"},
                     {"username", ""},
                     {"password", "p"},
                     {"keyspace", "nyc"},
                     {"page_size", 0}}),
            "c.json: 5 problems in the configuration:\n"
            "  host_1: \"node-1:9042\" has a port; write the host alone, and its port as `port`\n"
            "  port: \"nine\" is not a whole number; write a whole number from 1 to 65535\n"
            "  username: is empty; write the name of the role to log in as, or set "
            "RINGSYNC_USERNAME\n"
            "  data_center_region: is missing; write the data center to read from, as `nodetool "
            "status` names it\n"
            "  page_size: \"0\" is out of range; write a whole number from 1 to 1000000");
}

TEST(Configuration, RefusesValuesOfTheWrongJsonType) {
  for (const json& wrong : {json(true), json(1.5), json::object(), json::array({"a"})}) {
    for (const char* key : {"host_1", "port", "password", "consistency"}) {
      EXPECT_THAT(problem(minimal_with(key, wrong)),
                  HasSubstr(std::string(key) + ": the value is of the wrong JSON type; write "));
    }
  }
  EXPECT_THAT(problem(minimal_with("tables", json::array({1}))), HasSubstr("wrong JSON type"));
  EXPECT_THAT(problem(minimal_with("tables", true)), HasSubstr("wrong JSON type"));
  EXPECT_THAT(problem(minimal_with("tls", 1)), HasSubstr("wrong JSON type; write true or false"));
}

TEST(Configuration, TakesOverridesInPlaceOfWhatStandsThere) {
  json document = minimal_with("tables", 7.5);
  document["commit_seconds"] = "3";
  const auto result = parse_configuration(document.dump(), "c.json", FakeSurroundings().get(),
                                          {{"tables", "a, b*"}, {"commit_rows", "9"}});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_THAT(result->configuration.tables, ElementsAre("a", "b*"));
  EXPECT_EQ(result->configuration.commit_rows, 9U);
  EXPECT_EQ(result->configuration.commit_seconds, 3U);
}

TEST(Configuration, RefusesPlaceholdersInRequiredKeysAndDropsThemElsewhere) {
  json document;
  for (const ConfigKey& key : configuration_keys()) {
    if (key.example.starts_with("<YOUR_")) document[std::string(key.name)] = key.example;
  }
  const std::string message = problem(document);
  EXPECT_THAT(message, HasSubstr("5 problems"));
  EXPECT_THAT(message, HasSubstr("password: still has the example's placeholder; write "));
  document.update(minimal());
  const ParsedConfiguration result = parsed(document);
  EXPECT_THAT(result.configuration.hosts, ElementsAre("node-1"));
  EXPECT_EQ(result.configuration.port, 9042);
  EXPECT_THAT(result.warnings,
              ElementsAre(HasSubstr("host_2: still has"), HasSubstr("host_3"), HasSubstr("port")));
}

TEST(Configuration, RefusesAKeyThatStandsThereTwice) {
  std::string text = minimal().dump();
  text.insert(1, R"("password": "other", "keyspace": "b", )");
  const auto result = parse_configuration(text, "c.json", FakeSurroundings{}.get());
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("\"keyspace\": stands there more than once"),
                                            HasSubstr("\"password\": stands there more than once"),
                                            Not(HasSubstr("other")), Not(HasSubstr("s3cr3t"))));
}

TEST(Configuration, WarnsOfUnknownKeysWithTheNearestKnownOne) {
  json document = minimal_with("hsot_2", "b");
  document["colour"] = "s3cr3t-value";
  EXPECT_THAT(parsed(document).warnings,
              ElementsAre("\"colour\" is no key of the configuration and is ignored",
                          "\"hsot_2\" is no key of the configuration and is ignored; did you mean "
                          "\"host_2\"?"));
}

TEST(Configuration, WarnsOfAHostThatIsNamedTwice) {
  const ParsedConfiguration result = parsed(minimal_with("host_2", "node-1"));
  EXPECT_THAT(result.configuration.hosts, ElementsAre("node-1"));
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("host_2: repeats another host")));
}

TEST(Configuration, ReportsEveryTableNameThatCannotBeOne) {
  const std::string message = problem(minimal_with("tables", "nyc.flights, b, a b"));
  EXPECT_THAT(message, AllOf(HasSubstr("tables: \"nyc.flights\" has a dot"),
                             HasSubstr("tables: \"a b\" cannot be a table's name")));
}

TEST(Configuration, KeepsSpacesInAPasswordAndDropsThemElsewhere) {
  json document = minimal_with("password", " p ");
  document["keyspace"] = " nyc\n";
  const Configuration c = parsed(document).configuration;
  EXPECT_EQ(c.password, " p ");
  EXPECT_EQ(c.keyspace, "nyc");
}

TEST(Configuration, NeverRepeatsASecretWhateverElseIsWrong) {
  for (const ConfigKey& key : configuration_keys()) {
    json document = minimal_with(std::string(key.name), "x, /s3cr3t-value:y");
    document["password"] = "s3cr3t-value";
    document["s3cr3t-value"] = 1;
    document["port"] = "no";
    EXPECT_THAT(problem(document), Not(HasSubstr("s3cr"))) << key.name;
  }
  for (const json& wrong : {json({"s3cr3t"}), json({{"s3cr3t", 1}}), json(31337.5)}) {
    EXPECT_THAT(problem(minimal_with("password", wrong)),
                AllOf(Not(HasSubstr("s3cr3t")), Not(HasSubstr("31337"))));
  }
  EXPECT_THAT(problem(minimal_with("host_1", "reader:hunter2@node")), Not(HasSubstr("hunter2")));
}

TEST(Configuration, TakesValuesFromTheEnvironmentAndShowsThemNowhere) {
  FakeSurroundings around;
  around.variables = {{"HOST", "node-9"}, {"SECRET", "s3cr3t"}, {"BAD", "kept-quiet"}};
  json document = minimal_with("host_1", "${HOST}");
  document["password"] = "${SECRET}-$${x}";
  document["tables"] = {"a_${HOST}"};
  EXPECT_THAT(problem(document, around), AllOf(HasSubstr("tables: the value (not shown) cannot be"),
                                               Not(HasSubstr("node-9"))));
  document.erase("tables");
  const Configuration c = parsed(document, around).configuration;
  EXPECT_THAT(c.hosts, ElementsAre("node-9"));
  EXPECT_EQ(c.password, "s3cr3t-${x}");
  for (const char* key : {"port", "consistency", "tls", "decimal_types", "initial_sync_start"}) {
    EXPECT_THAT(problem(minimal_with(key, "${BAD}"), around),
                AllOf(HasSubstr(std::string(key) + ": the value (not shown)"),
                      Not(HasSubstr("kept-quiet"))));
  }
}

TEST(Configuration, NamesKeyAndVariableWhereAVariableIsNotSet) {
  json document = minimal_with("password", "${DB_PASSWORD}");
  document["tables"] = {"a", "${TABLE}"};
  EXPECT_THAT(problem(document),
              AllOf(HasSubstr("2 problems"),
                    HasSubstr("password: the value names the environment variable DB_PASSWORD, "
                              "which is not set"),
                    HasSubstr("tables: the value names the environment variable TABLE")));
}

TEST(Configuration, TakesUserAndPasswordFromTheirOwnVariablesWhereTheFileHasNone) {
  FakeSurroundings around;
  around.variables = {{"RINGSYNC_USERNAME", "env-user"}, {"RINGSYNC_PASSWORD", "env-s3cr3t ${X}"}};
  json document = minimal();
  EXPECT_EQ(parsed(document, around).configuration.password, "s3cr3t-value");
  document.erase("username");
  for (const json& nothing : {json(nullptr), json(""), json("<YOUR_SCYLLA_DB_PASSWORD>")}) {
    document["password"] = nothing;
    const ParsedConfiguration result = parsed(document, around);
    EXPECT_EQ(result.configuration.username, "env-user");
    EXPECT_EQ(result.configuration.password, "env-s3cr3t ${X}");
    EXPECT_THAT(result.warnings, IsEmpty());
  }
  document["host_1"] = "x, env-s3cr3t ${X}";
  EXPECT_THAT(problem(document, around), Not(HasSubstr("env-s3cr3t")));
  around.variables = {{"RINGSYNC_PASSWORD", ""}};
  EXPECT_THAT(problem(document, around),
              AllOf(HasSubstr("username: is missing; write the name of the role to log in as, or "
                              "set RINGSYNC_USERNAME"),
                    HasSubstr("password: still has the example's placeholder")));
}

TEST(Configuration, NamesAFileThatCannotBeRead) {
  FakeSurroundings around;
  around.unreadable_file = "gone.pem";
  json document = minimal_with("tls", true);
  document["tls_ca_file"] = "gone.pem";
  EXPECT_THAT(problem(document, around),
              HasSubstr("tls_ca_file: \"gone.pem\" cannot be read (No such file or directory)"));
}

TEST(Configuration, RefusesTlsFilesWithoutTlsUnlessItIsSwitchedOffInSoManyWords) {
  json document = minimal_with("tls_ca_file", "ca.pem");
  document["tls_verify"] = "full";
  EXPECT_THAT(problem(document), AllOf(HasSubstr("tls_ca_file: has no effect without tls"),
                                       HasSubstr("tls_verify: has no effect without tls")));
  document["tls"] = "false";
  EXPECT_THAT(parsed(document).warnings,
              ElementsAre("tls_verify: is ignored, since tls is false",
                          "tls_ca_file: is ignored, since tls is false"));
  document["tls"] = "true";
  EXPECT_THAT(parsed(document).warnings, IsEmpty());
  document["tls_verify"] = "none";
  EXPECT_THAT(parsed(document).warnings, ElementsAre(AllOf(HasSubstr("checks no certificate"),
                                                           HasSubstr("tls_ca_file is not used"))));
}

TEST(Configuration, NeedsAClientCertificateAndItsKeyTogether) {
  json document = minimal_with("tls", true);
  document["tls_cert_file"] = "c.pem";
  EXPECT_THAT(problem(document), HasSubstr("tls_key_file: is missing"));
  document.erase("tls_cert_file");
  document["tls_key_file"] = "k.pem";
  EXPECT_THAT(problem(document), HasSubstr("tls_cert_file: is missing"));
}

TEST(Configuration, RefusesASecondTypeForOneColumn) {
  EXPECT_THAT(problem(minimal_with("decimal_types", "a.b=DECIMAL(3,1), a.b=DECIMAL(4,1)")),
              HasSubstr("decimal_types: \"a.b=DECIMAL(4,1)\" names its column again"));
}

TEST(Configuration, WarnsWhereLateRowsWouldBeMissed) {
  json document = minimal_with("lag_seconds", 60);
  document["overlap_seconds"] = 0;
  EXPECT_THAT(parsed(document).warnings, IsEmpty());
  document["lag_seconds"] = 0;
  EXPECT_THAT(parsed(document).warnings,
              ElementsAre(HasSubstr("more than 0 s after the time in their updated_at")));
}

TEST(Configuration, NamesTheNearestOfTheNewestKeysToo) {
  json document = minimal_with("intervall_hours", 6);
  document["tls_verfy"] = "full";
  EXPECT_THAT(parsed(document).warnings,
              ElementsAre(HasSubstr("\"interval_hours\""), HasSubstr("\"tls_verify\"")));
}

TEST(Configuration, MustBeAJsonObject) {
  EXPECT_THAT(problem(json::array()), HasSubstr("c.json: is not a JSON object"));
  EXPECT_THAT(problem("s3cr3t"), Not(HasSubstr("s3cr3t")));
}

TEST(ConfigurationFile, IsReadFromItsPath) {
  const std::string path = testing::TempDir() + "ringsync_configuration_test.json";
  std::ofstream(path) << minimal();
  const auto result = load_configuration(path);
  std::remove(path.c_str());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->configuration.keyspace, "nyc");
}

TEST(ConfigurationFile, ThatCannotBeReadIsNamedWithTheOption) {
  const auto missing = load_configuration(testing::TempDir() + "no_such_configuration.json");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kConfig);
  EXPECT_THAT(missing.error().message,
              AllOf(HasSubstr("no_such_configuration.json: cannot be read (No such file"),
                    HasSubstr("--configuration FILE")));
  const auto folder = load_configuration(testing::TempDir());
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().message, HasSubstr("cannot be read (Is a directory)"));
}

TEST(ConfigurationFile, ThatIsFarTooLargeIsNotReadWhole) {
  const auto endless = load_configuration("/dev/zero");
  ASSERT_FALSE(endless.ok());
  EXPECT_THAT(endless.error().message, HasSubstr("larger than 1 MiB"));
}

}  // namespace
}  // namespace ringsync
