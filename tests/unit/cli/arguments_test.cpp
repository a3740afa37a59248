#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "cli/exit_codes.h"
#include "config/key_text.h"
#include "config/keys.h"

namespace ringsync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

Result<std::variant<Arguments, TextToPrint>> parse(std::vector<const char*> given) {
  given.insert(given.begin(), "ringsync");
  return parse_arguments(static_cast<int>(given.size()), given.data());
}

Arguments arguments(const std::vector<const char*>& given) {
  const auto result = parse(given);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? std::get<Arguments>(*result) : Arguments{};
}

std::string text(const std::vector<const char*>& given) {
  const auto result = parse(given);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? std::get<TextToPrint>(*result).text : "";
}

std::string problem(const std::vector<const char*>& given) {
  const auto result = parse(given);
  EXPECT_FALSE(result.ok());
  if (result.ok()) return "";
  EXPECT_EQ(result.error().code, ErrorCode::kUsage);
  EXPECT_EQ(exit_code(result.error().code), 2);
  return result.error().message;
}

TEST(Arguments, OfCheckHaveDefaults) {
  const Arguments given = arguments({"check"});
  EXPECT_EQ(given.command, Command::kCheck);
  EXPECT_EQ(given.configuration_path, "configuration.json");
  EXPECT_EQ(given.log_level, LogLevel::kInfo);
  EXPECT_EQ(given.log_format, LogFormat::kText);
}

TEST(Arguments, OfSyncHaveDefaults) {
  const Arguments given = arguments({"sync", "--to", "duckdb:a:b.db"});
  EXPECT_EQ(given.command, Command::kSync);
  EXPECT_EQ(given.destination.kind, DestinationKind::kDuckdb);
  EXPECT_EQ(given.destination.path, "a:b.db");
  EXPECT_EQ(given.state_path, std::nullopt);
  EXPECT_TRUE(given.keys.empty());
  EXPECT_EQ(given.driver_path, std::nullopt);
  EXPECT_EQ(given.summary_json_path, std::nullopt);
  EXPECT_EQ(given.progress, ProgressMode::kAuto);
  EXPECT_EQ(given.page_trace_path, std::nullopt);
  EXPECT_TRUE(given.token_routing);
}

TEST(Arguments, AreAllRead) {
  const Arguments given = arguments({"sync",           "--configuration",
                                     "c.json",         "--log-level=debug",
                                     "--log-format",   "json",
                                     "--to",           "null:",
                                     "--state",        "s.json",
                                     "--tables",       "a, b*",
                                     "--driver-path",  "drivers",
                                     "--summary-json", "out.json",
                                     "--progress",     "none",
                                     "--trace-pages",  "pages.jsonl",
                                     "--routing",      "any"});
  EXPECT_EQ(given.configuration_path, "c.json");
  EXPECT_EQ(given.log_level, LogLevel::kDebug);
  EXPECT_EQ(given.log_format, LogFormat::kJson);
  EXPECT_EQ(given.destination.kind, DestinationKind::kNull);
  EXPECT_EQ(given.state_path, "s.json");
  EXPECT_THAT(given.keys, ElementsAre(Pair("tables", "a, b*")));
  EXPECT_EQ(given.driver_path, "drivers");
  EXPECT_EQ(given.summary_json_path, "out.json");
  EXPECT_EQ(given.progress, ProgressMode::kNone);
  EXPECT_EQ(given.page_trace_path, "pages.jsonl");
  EXPECT_FALSE(given.token_routing);
}

TEST(Arguments, ThatStandForKeysTakeWhatTheKeysTake) {
  const Arguments given =
      arguments({"sync", "--to", "null:", "--commit-rows", "5000", "--commit-seconds", "2"});
  EXPECT_THAT(given.keys, ElementsAre(Pair("commit_rows", "5000"), Pair("commit_seconds", "2")));
  EXPECT_THAT(arguments({"sync", "--to", "null:", "--commit-rows", "0"}).keys,
              ElementsAre(Pair("commit_rows", "0")));
  for (const char* wrong : {"-1", "1.5", "many", "", "4294967296"}) {
    EXPECT_THAT(
        problem({"sync", "--to", "null:", "--commit-rows", wrong}),
        AllOf(HasSubstr("--commit-rows: "), HasSubstr(expected_value(*find_key("commit_rows")))));
  }
  EXPECT_THAT(problem({"sync", "--to", "null:", "--commit-seconds", "0"}),
              HasSubstr("--commit-seconds: \"0\" "));
}

TEST(Arguments, WithoutACommandAreAnError) {
  EXPECT_EQ(problem({}),
            "the command is missing; write ringsync check or ringsync sync; see ringsync --help");
}

TEST(Arguments, WithAnUnknownCommandOrOptionNameTheNearest) {
  EXPECT_THAT(problem({"snyc"}), HasSubstr("unknown command \"snyc\"; did you mean sync?"));
  EXPECT_EQ(problem({"sync", "--tabels", "a", "--to", "null:"}),
            "unknown option --tabels; did you mean --tables?; see ringsync sync --help");
  EXPECT_THAT(problem({"check", "--frobnicate=1"}),
              AllOf(StartsWith("unknown option --frobnicate; see"), Not(HasSubstr("=1"))));
  EXPECT_THAT(problem({"--log-level", "debug"}), HasSubstr("unknown option --log-level"));
  EXPECT_THAT(problem({"check", "extra"}), HasSubstr("\"extra\" belongs to no option"));
  EXPECT_THAT(problem({"check", "--to", "null:"}), HasSubstr("unknown option --to"));
  EXPECT_THAT(problem({"check", "sync", "--to", "null:"}),
              HasSubstr("\"sync\" belongs to no option"));
}

TEST(Arguments, WithoutADestinationAreAnErrorThatShowsTheForms) {
  EXPECT_THAT(problem({"sync"}), HasSubstr("--to is missing; write --to duckdb:FILE"));
}

TEST(Arguments, WithADestinationThatIsNoneSayWhatToWrite) {
  const auto with_destination = [](const char* destination) {
    return problem({"sync", "--to", destination});
  };
  EXPECT_THAT(with_destination("duckdb:"), HasSubstr("names no file"));
  EXPECT_THAT(with_destination("duckdb::memory:"), HasSubstr("in memory"));
  EXPECT_THAT(with_destination("warehouse.db"), HasSubstr("no kind before a colon; write --to "
                                                          "duckdb:FILE"));
  EXPECT_THAT(with_destination("null:x"), HasSubstr("takes nothing after"));
  EXPECT_THAT(with_destination("mysql://me:hunter2@db/x"),
              AllOf(HasSubstr("\"mysql:\" is no kind of destination"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(with_destination(""), HasSubstr("--to"));
}

TEST(Arguments, WithValuesThatAreNoneOfTheChoicesListThem) {
  EXPECT_THAT(problem({"check", "--log-level", "warn"}),
              HasSubstr("--log-level: \"warn\" is none of debug, info, warning, error"));
  EXPECT_THAT(problem({"check", "--log-format", "jsn"}), HasSubstr("did you mean json?"));
  EXPECT_THAT(problem({"sync", "--to", "null:", "--progress", "x"}),
              HasSubstr("none of auto, bars, log, none"));
}

TEST(Arguments, WithMissingEmptyOrRepeatedValuesAreErrors) {
  EXPECT_THAT(problem({"sync", "--to"}), HasSubstr("--to"));
  EXPECT_THAT(problem({"sync", "--to", "null:", "--to", "null:"}), HasSubstr("--to"));
  EXPECT_THAT(problem({"sync", "--to", "null:", "--state", ""}), HasSubstr("--state"));
  EXPECT_THAT(problem({"check", "--configuration", ""}), HasSubstr("--configuration"));
  EXPECT_THAT(problem({"sync", "--to", "null:", "--tables", " , "}),
              HasSubstr("--tables: is empty; write table names"));
  EXPECT_THAT(problem({"sync", "--to", "null:", "--tables", "nyc.flights"}),
              HasSubstr("--tables: \"nyc.flights\" has a dot"));
}

TEST(Help, ShowsCommandsExamplesAndExitCodes) {
  for (const std::vector<const char*>& given :
       {std::vector<const char*>{"--help"}, {"-h"}, {"help"}}) {
    const std::string help = text(given);
    EXPECT_THAT(help, AllOf(HasSubstr("check"), HasSubstr("sync"), HasSubstr("--version"),
                            HasSubstr("ringsync sync --to duckdb:warehouse.db"),
                            HasSubstr("130  interrupted")));
  }
}

TEST(Help, OfSyncShowsItsOptions) {
  for (const std::vector<const char*>& given :
       {std::vector<const char*>{"sync", "--help"}, {"help", "sync"}}) {
    const std::string help = text(given);
    for (const char* option :
         {"--configuration", "--log-level", "--log-format", "--to", "--state", "--tables",
          "--driver-path", "--summary-json", "--progress", "--trace-pages", "--routing"}) {
      EXPECT_THAT(help, HasSubstr(option));
    }
    EXPECT_THAT(help, HasSubstr("ringsync sync"));
  }
}

/// Without what tells lines of a help from each other.
std::string joined(const std::string& help) {
  std::istringstream words(help);
  std::string text;
  for (std::string word; words >> word;) text += word + ' ';
  return text;
}

TEST(Help, OfACommandThatTakesAConfigurationEndsWithEveryKey) {
  for (const char* command : {"check", "discover", "plan", "sync"}) {
    const std::string help = text({command, "--help"});
    EXPECT_THAT(help, EndsWith(configuration_summary(100) + "\n"));
    for (const ConfigKey& key : configuration_keys()) {
      EXPECT_THAT(help, HasSubstr("\n  " + std::string(key.name) + " ")) << command;
    }
  }
  EXPECT_THAT(text({"serve", "--help"}), Not(HasSubstr("data_center_region")));
}

TEST(Help, OfAnOptionThatStandsForAKeyIsTheKeysOwn) {
  const std::string help = joined(text({"sync", "--help"}));
  std::vector<std::string> options;
  for (const ConfigKey& key : configuration_keys()) {
    if (key.option_value.empty()) continue;
    options.push_back(option_name(key));
    EXPECT_THAT(help, HasSubstr(options.back() + " " + std::string(key.option_value) + " " +
                                joined(option_help(key, 80))));
    EXPECT_THAT(joined(option_help(key, 80)),
                AllOf(HasSubstr(std::string(key.description.substr(1))),
                      HasSubstr(expected_value(key)), HasSubstr(std::string(key.name))));
  }
  EXPECT_THAT(options, ElementsAre("--tables", "--commit-rows", "--commit-seconds"));
  EXPECT_THAT(text({"plan", "--help"}),
              AllOf(HasSubstr("--tables"), Not(HasSubstr("--commit-rows"))));
}

TEST(Help, OnTheConfigurationShowsItsKeys) {
  EXPECT_THAT(text({"help", "configuration"}), HasSubstr("data_center_region"));
  EXPECT_THAT(problem({"help", "configurations"}), HasSubstr("did you mean configuration?"));
}

TEST(Version, IsPrinted) { EXPECT_THAT(text({"--version"}), StartsWith("ringsync 0.")); }

}  // namespace
}  // namespace ringsync
