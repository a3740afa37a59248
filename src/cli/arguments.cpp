#include "cli/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "cli/error_text.h"
#include "cli/exit_codes.h"
#include "cli/repeat.h"
#include "cli/version.h"
#include "config/key_text.h"
#include "config/nearest.h"
#include "config/table_filter.h"
#include "config/values.h"

namespace ringsync {
namespace {

constexpr size_t kHelpWidth = 100;
constexpr size_t kOptionColumn = 26;

constexpr std::string_view kExamples = R"(Examples:
  ringsync check                                   does configuration.json work?
  ringsync plan --to duckdb:warehouse.db           what would the next sync read, and why?
  ringsync discover                                which tables and columns are there?
  ringsync sync --to duckdb:warehouse.db           every table into a DuckDB file
  ringsync sync --to duckdb:warehouse.db --tables flights,airlines
  ringsync sync --to duckdb:warehouse.db --every 15m
  ringsync sync --to sqlite:shop.sqlite            … or an SQLite file
  ringsync sync --to 'postgresql://loader:${PG_PASSWORD}@db.example.org/warehouse'
                                                   … or PostgreSQL
  ringsync sync --configuration prod.json --to null: --progress none
                                                   read and decode everything, keep nothing
  ringsync serve --port 50051                      Fivetran's source connector
)";

/// Options as they stand on the command line, before they are checked.
struct RawArguments {
  std::string configuration_path = "configuration.json";
  std::string log_level = "info";
  std::string log_format = "text";
  std::string destination;
  std::string state_path;
  std::vector<std::string> resync;
  std::string import_state_path;
  std::string driver_path;
  std::string summary_json_path;
  std::string page_trace_path;
  std::string routing = "token";
  std::string progress = "auto";
  std::map<std::string_view, std::string> keys;  // by name, of options that stand for keys
  std::string every;
  std::string address;
  std::string port;
  std::string memory_mib;
  bool json = false;
};

struct Parser {
  CLI::App app{"Streams Cassandra and ScyllaDB keyspaces into analytics destinations.", "ringsync"};
  CLI::App* check = nullptr;
  CLI::App* discover = nullptr;
  CLI::App* plan = nullptr;
  CLI::App* sync = nullptr;
  CLI::App* serve = nullptr;

  std::vector<CLI::App*> commands() const { return {check, discover, plan, sync, serve}; }
  RawArguments raw;
};

std::string exit_code_help() {
  std::string text = "Exit codes:\n";
  for (const auto& [code, meaning] : exit_code_meanings()) {
    text += fmt::format("  {:>3}  {}\n", static_cast<int>(code), meaning);
  }
  return text;
}

void add_log_level(CLI::App& command, RawArguments& raw) {
  command.allow_extras();  // reported by unexpected_argument
  command
      .add_option("--log-level", raw.log_level,
                  "Least level of the log lines to write: debug, info,\nwarning or error (default "
                  "info)")
      ->type_name("LEVEL");
}

void add_serve_options(CLI::App& serve, RawArguments& raw) {
  add_log_level(serve, raw);
  serve.add_option("--port", raw.port, "The port to listen on; required. 0 takes a free one")
      ->type_name("PORT");
  serve
      .add_option("--address", raw.address,
                  "The address to listen on (default: all, IPv4 and IPv6)")
      ->type_name("ADDRESS");
  serve
      .add_option("--memory-mib", raw.memory_mib,
                  fmt::format("The memory that the server may have; where more is\nwanted it "
                              "ends (default {})",
                              kServeMemoryMib))
      ->type_name("MIB");
}

void add_shared_options(CLI::App& command, RawArguments& raw) {
  command
      .add_option("--configuration", raw.configuration_path,
                  "The configuration file (default configuration.json)")
      ->type_name("FILE");
  add_log_level(command, raw);
  command
      .add_option("--log-format", raw.log_format,
                  "text, or json for one JSON object a line (default text)")
      ->type_name("FORMAT");
}

/// What the key decides for `plan`, which reads nothing and writes nothing.
bool is_of_plan(const ConfigKey& key) { return key.group == KeyGroup::kSelection; }
bool is_of_sync(const ConfigKey&) { return true; }
using KeyFilter = bool (*)(const ConfigKey&);

/// The keys that options of a command stand for.
std::vector<const ConfigKey*> option_keys(KeyFilter filter) {
  std::vector<const ConfigKey*> keys;
  for (const ConfigKey& key : configuration_keys()) {
    if (!key.option_value.empty() && filter(key)) keys.push_back(&key);
  }
  return keys;
}

void add_key_options(CLI::App& command, KeyFilter filter, RawArguments& raw) {
  for (const ConfigKey* key : option_keys(filter)) {
    command
        .add_option(option_name(*key), raw.keys[key->name],
                    option_help(*key, kHelpWidth - kOptionColumn))
        ->type_name(std::string(key->option_value));
  }
}

void add_sync_options(CLI::App& sync, RawArguments& raw) {
  sync.add_option(
          "--to", raw.destination,
          "Where the rows go; required. duckdb:FILE or sqlite:FILE is\na database file, made if "
          "there is none;\npostgresql://USER@HOST:PORT/DATABASE a database, its password\n"
          "in PGPASSWORD, or in the address as USER:${NAME}@ of an\nenvironment variable. "
          "null: is for benchmarks: everything is\nread and decoded, nothing kept")
      ->type_name("DESTINATION");
  sync.add_option("--state", raw.state_path,
                  "Write a copy of the saved state here after each commit;\nthe destination holds "
                  "the one that counts")
      ->type_name("FILE");
  sync.add_option(
          "--resync", raw.resync,
          "Read these tables anew from the beginning, whatever is\nknown of them; rows gone "
          "from the source are marked deleted\nat the end. May be given more than once; * "
          "stands for any\ncharacters. If interrupted it goes on without the option")
      ->type_name("A,B")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  sync.add_option(
          "--import-state", raw.import_state_path,
          "Where to go on in a destination that has no state yet: a\ncopy that --state wrote "
          "for the same tables, or the state of\nthe Fivetran example for ScyllaDB")
      ->type_name("FILE");
  add_key_options(sync, is_of_sync, raw);
  sync.add_option("--driver-path", raw.driver_path, "Where the destination's database driver lies")
      ->type_name("FOLDER");
  sync.add_option("--summary-json", raw.summary_json_path, "Write the summary here too, as JSON")
      ->type_name("FILE");
  sync.add_option("--trace-pages", raw.page_trace_path,
                  "Write a line of JSON for each page read: its token\nrange, the node that "
                  "answered, rows and bytes")
      ->type_name("FILE");
  sync.add_option("--routing", raw.routing,
                  "token: ask a replica of each token range (default);\nany: ask the data center's "
                  "nodes in no order, to compare")
      ->type_name("MODE");
  sync.add_option("--every", raw.every,
                  "Sync again and again, each time so long after the last\nstart, as 30s, 15m, 2h "
                  "or 1d; Ctrl-C ends it")
      ->type_name("INTERVAL");
  sync.add_option("--progress", raw.progress,
                  "bars, log (lines), none, or auto: bars where standard\nerror is a terminal "
                  "(default auto)")
      ->type_name("MODE");
}

void add_plan_options(CLI::App& plan, RawArguments& raw) {
  plan.add_flag("--json", raw.json, "Print one JSON object (docs/plan.md)");
  plan.add_option("--to", raw.destination,
                  "Plan the next sync into this destination; without it, a\nfirst one")
      ->type_name("DESTINATION");
  plan.add_option("--state", raw.state_path,
                  "Plan the next sync from this copy of the state, as\nsync --state writes it")
      ->type_name("FILE");
  add_key_options(plan, is_of_plan, raw);
  plan.add_option("--driver-path", raw.driver_path, "Where the destination's database driver lies")
      ->type_name("FOLDER");
}

std::unique_ptr<Parser> make_parser() {
  auto parser = std::make_unique<Parser>();
  CLI::App& app = parser->app;
  app.set_version_flag("--version", version_text(), "Print the version");
  app.set_help_flag("--help,-h", "Print this help");
  app.get_formatter()->column_width(kOptionColumn);
  app.allow_extras();
  app.require_subcommand(0, 1);
  parser->check = app.add_subcommand(
      "check", "Check the configuration and the connection, and say what a sync would do");
  parser->discover = app.add_subcommand(
      "discover", "List tables and columns with their types, and how each table would be synced");
  parser->discover->add_flag("--json", parser->raw.json,
                             "Print one JSON object (docs/discover.md)");
  parser->plan = app.add_subcommand(
      "plan", "Say what a sync would read from each table and why, and read nothing but samples");
  add_plan_options(*parser->plan, parser->raw);
  parser->sync = app.add_subcommand("sync", "Bring a destination up to date with the source");
  parser->serve = app.add_subcommand(
      "serve", "Offer Fivetran's source connector on a port, until Ctrl-C or SIGTERM");
  add_serve_options(*parser->serve, parser->raw);
  // For the list of commands; parse_arguments reads it, since its topics are commands too.
  app.add_subcommand("help",
                     "Print help on a command, on configuration, on errors or on\none error");
  add_shared_options(*parser->check, parser->raw);
  add_shared_options(*parser->discover, parser->raw);
  add_shared_options(*parser->plan, parser->raw);
  add_shared_options(*parser->sync, parser->raw);
  add_sync_options(*parser->sync, parser->raw);
  const std::string more = fmt::format(
      "{}\nThe configuration's keys at length: ringsync help configuration\nErrors and what helps: "
      "ringsync help errors\n",
      exit_code_help());
  const std::string keys = configuration_summary(kHelpWidth);
  app.footer(fmt::format("{}\n{}", kExamples, more));
  for (CLI::App* command : {parser->check, parser->discover, parser->plan}) {
    command->footer(fmt::format("{}\n{}", more, keys));
  }
  parser->sync->footer(fmt::format("{}\n{}\n{}", kExamples, more, keys));
  parser->serve->footer(more);
  return parser;
}

CLI::App* command_of(const Parser& parser) {
  for (CLI::App* command : parser.commands()) {
    if (command->parsed()) return command;
  }
  return nullptr;
}

Error usage(const CLI::App* command, std::string_view what) {
  return Error{ErrorCode::kUsage, fmt::format("{}; see ringsync {}--help", what,
                                              command == nullptr ? "" : command->get_name() + ' ')};
}

std::string suggestion(std::string_view given, std::span<const std::string> known) {
  const std::optional<std::string> nearest = nearest_name(given, known);
  return nearest ? fmt::format("; did you mean {}?", *nearest) : "";
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional()) names.push_back("--" + option->get_lnames().front());
  }
  return names;
}

Error unexpected_argument(const CLI::App& app, const CLI::App* command, const std::string& given) {
  if (given.starts_with("-")) {
    // "--option=value" is named without its value.
    const std::string name = given.substr(0, given.find('='));
    return usage(command, fmt::format("unknown option {}{}", name,
                                      suggestion(name, option_names(command ? *command : app))));
  }
  if (command == nullptr) {
    const std::vector<std::string> commands{"check", "discover", "plan", "sync", "serve", "help"};
    return usage(command,
                 fmt::format("unknown command \"{}\"{}", given, suggestion(given, commands)));
  }
  return usage(command, fmt::format("\"{}\" belongs to no option", given));
}

template <typename Value>
using Choices = std::span<const std::pair<std::string_view, Value>>;

template <typename Value>
Result<Value> chosen(const CLI::App* command, std::string_view option, const std::string& given,
                     Choices<Value> choices) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) {
    if (given == name) return value;
    names.emplace_back(name);
  }
  return usage(command, fmt::format("{}: \"{}\" is none of {}{}", option, given,
                                    fmt::join(names, ", "), suggestion(given, names)));
}

constexpr std::pair<std::string_view, LogLevel> kLogLevels[] = {{"debug", LogLevel::kDebug},
                                                                {"info", LogLevel::kInfo},
                                                                {"warning", LogLevel::kWarning},
                                                                {"error", LogLevel::kError}};
constexpr std::pair<std::string_view, LogFormat> kLogFormats[] = {{"text", LogFormat::kText},
                                                                  {"json", LogFormat::kJson}};
constexpr std::pair<std::string_view, bool> kRoutings[] = {{"token", true}, {"any", false}};
constexpr std::pair<std::string_view, ProgressMode> kProgressModes[] = {
    {"auto", ProgressMode::kAuto},
    {"bars", ProgressMode::kBars},
    {"log", ProgressMode::kLog},
    {"none", ProgressMode::kNone}};

Result<std::optional<std::string>> path_of(const CLI::App* command, const char* option,
                                           const std::string& given) {
  if (command->count(option) == 0) return std::optional<std::string>();
  if (given.empty()) return usage(command, fmt::format("{}: the path is empty", option));
  return std::optional<std::string>(given);
}

Status read_key_options(const CLI::App* command, KeyFilter filter, const RawArguments& raw,
                        Arguments& arguments) {
  for (const ConfigKey* key : option_keys(filter)) {
    if (command->count(option_name(*key)) == 0) continue;
    const std::string& value = raw.keys.at(key->name);
    const Status checked = check_option(*key, value);
    if (!checked.ok()) return usage(command, checked.error().message);
    arguments.keys.emplace(key->name, value);
  }
  return {};
}

Status read_plan_options(const Parser& parser, Arguments& arguments) {
  const RawArguments& raw = parser.raw;
  const CLI::App* plan = parser.plan;
  arguments.destination.kind = DestinationKind::kNull;
  if (plan->count("--to") > 0) {
    RINGSYNC_ASSIGN(arguments.destination, parse_destination(raw.destination));
  }
  RINGSYNC_ASSIGN(arguments.state_path, path_of(plan, "--state", raw.state_path));
  RINGSYNC_ASSIGN(arguments.driver_path, path_of(plan, "--driver-path", raw.driver_path));
  return read_key_options(plan, is_of_plan, raw, arguments);
}

Status read_sync_options(const Parser& parser, Arguments& arguments) {
  const RawArguments& raw = parser.raw;
  const CLI::App* sync = parser.sync;
  if (sync->count("--to") == 0) {
    return usage(sync,
                 "--to is missing; write --to duckdb:FILE, sqlite:FILE or "
                 "postgresql://USER@HOST/DATABASE, or --to null: for a trial that keeps nothing");
  }
  RINGSYNC_ASSIGN(arguments.destination, parse_destination(raw.destination));
  RINGSYNC_ASSIGN(arguments.state_path, path_of(sync, "--state", raw.state_path));
  RINGSYNC_ASSIGN(arguments.driver_path, path_of(sync, "--driver-path", raw.driver_path));
  RINGSYNC_ASSIGN(arguments.summary_json_path,
                  path_of(sync, "--summary-json", raw.summary_json_path));
  RINGSYNC_ASSIGN(arguments.page_trace_path, path_of(sync, "--trace-pages", raw.page_trace_path));
  RINGSYNC_ASSIGN(arguments.token_routing, chosen<bool>(sync, "--routing", raw.routing, kRoutings));
  RINGSYNC_ASSIGN(arguments.progress,
                  chosen<ProgressMode>(sync, "--progress", raw.progress, kProgressModes));
  if (sync->count("--every") > 0) {
    const auto every = parse_interval_ms(raw.every);
    if (!every.ok()) return usage(sync, fmt::format("--every: {}", every.error().message));
    arguments.every_ms = *every;
  }
  RINGSYNC_ASSIGN(arguments.import_state_path,
                  path_of(sync, "--import-state", raw.import_state_path));
  for (const std::string& given : raw.resync) {
    auto tables = parse_table_list(given);
    if (!tables.ok()) return usage(sync, fmt::format("--resync: {}", tables.error().message));
    if (tables->empty()) return usage(sync, "--resync: names no table");
    arguments.resync.insert(arguments.resync.end(), tables->begin(), tables->end());
  }
  return read_key_options(sync, is_of_sync, raw, arguments);
}

/// True where the whole text is a number that fits.
template <typename Number>
bool read_number(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc() && rest == end;
}

Status read_serve_options(const Parser& parser, Arguments& arguments) {
  const RawArguments& raw = parser.raw;
  const CLI::App* serve = parser.serve;
  if (serve->count("--port") == 0) return usage(serve, "--port is missing; write --port PORT");
  if (!read_number(raw.port, arguments.port)) {
    return usage(serve, fmt::format("--port: \"{}\" is no number from 0 to 65535", raw.port));
  }
  if (serve->count("--memory-mib") != 0 &&
      (!read_number(raw.memory_mib, arguments.memory_mib) ||
       arguments.memory_mib < kServeMemoryMibMin || arguments.memory_mib > kServeMemoryMibMax)) {
    return usage(serve, fmt::format("--memory-mib: \"{}\" is no number from {} to {}",
                                    raw.memory_mib, kServeMemoryMibMin, kServeMemoryMibMax));
  }
  if (serve->count("--address") == 0) return {};
  const auto address = read_host(raw.address);
  if (!address.ok()) {
    return usage(serve, fmt::format("--address: \"{}\" {}", raw.address, address.error().message));
  }
  arguments.address = *address;
  return {};
}

/// `arguments`: what stands behind "help".
Result<std::variant<Arguments, TextToPrint>> help_on(const Parser& parser,
                                                     std::span<const char* const> arguments) {
  using Outcome = std::variant<Arguments, TextToPrint>;
  const std::string topic = arguments.empty() ? "" : arguments[0];
  // Makes the documents of docs/; not in any help.
  const bool markdown = arguments.size() > 1 && std::string_view(arguments[1]) == "--markdown";
  if (topic.empty()) return Outcome(TextToPrint{parser.app.help()});
  if (topic == "configuration") {
    return Outcome(
        TextToPrint{markdown ? configuration_document() : configuration_help(kHelpWidth)});
  }
  if (topic == "errors") {
    return Outcome(TextToPrint{markdown ? errors_document() : errors_help(kHelpWidth)});
  }
  std::vector<std::string> topics{"configuration", "errors"};
  for (const CLI::App* command : parser.commands()) {
    if (topic == command->get_name()) return Outcome(TextToPrint{command->help("ringsync")});
    topics.push_back(command->get_name());
  }
  if (const ErrorEntry* entry = find_error(topic)) {
    return Outcome(TextToPrint{error_help(*entry, kHelpWidth)});
  }
  for (const ErrorEntry& entry : error_catalogue()) topics.emplace_back(entry.id);
  return usage(nullptr,
               fmt::format("there is no help on \"{}\"{}", topic, suggestion(topic, topics)));
}

Result<std::variant<Arguments, TextToPrint>> checked(const Parser& parser) {
  const CLI::App* command = command_of(parser);
  const std::vector<std::string> extra = parser.app.remaining(true);
  if (!extra.empty()) return unexpected_argument(parser.app, command, extra.front());
  if (command == nullptr) {
    return usage(command, "the command is missing; write ringsync check or ringsync sync");
  }
  const RawArguments& raw = parser.raw;
  Arguments arguments;
  if (command == parser.discover) arguments.command = Command::kDiscover;
  if (command == parser.plan) arguments.command = Command::kPlan;
  if (command == parser.sync) arguments.command = Command::kSync;
  if (command == parser.serve) {
    arguments.command = Command::kServe;
    arguments.log_format = LogFormat::kFivetran;
    RINGSYNC_TRY(read_serve_options(parser, arguments));
    RINGSYNC_ASSIGN(arguments.log_level,
                    chosen<LogLevel>(command, "--log-level", raw.log_level, kLogLevels));
    return std::variant<Arguments, TextToPrint>(std::move(arguments));
  }
  arguments.json = raw.json;
  if (raw.configuration_path.empty()) {
    return usage(command, "--configuration: the path is empty");
  }
  arguments.configuration_path = raw.configuration_path;
  RINGSYNC_ASSIGN(arguments.log_level,
                  chosen<LogLevel>(command, "--log-level", raw.log_level, kLogLevels));
  RINGSYNC_ASSIGN(arguments.log_format,
                  chosen<LogFormat>(command, "--log-format", raw.log_format, kLogFormats));
  if (command == parser.plan) RINGSYNC_TRY(read_plan_options(parser, arguments));
  if (arguments.command == Command::kSync) RINGSYNC_TRY(read_sync_options(parser, arguments));
  return std::variant<Arguments, TextToPrint>(std::move(arguments));
}

}  // namespace

Result<std::variant<Arguments, TextToPrint>> parse_arguments(int argc, const char* const* argv) {
  using Outcome = std::variant<Arguments, TextToPrint>;
  const std::unique_ptr<Parser> parser = make_parser();
  if (argc > 1 && std::string_view(argv[1]) == "help") {
    return help_on(*parser, std::span(argv, static_cast<size_t>(argc)).subspan(2));
  }
  try {
    parser->app.parse(argc, argv);
    return checked(*parser);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* command = command_of(*parser);
    return Outcome(
        TextToPrint{command == nullptr ? parser->app.help() : command->help("ringsync")});
  } catch (const CLI::CallForVersion&) {
    return Outcome(TextToPrint{version_text() + "\n"});
  } catch (const CLI::Error& error) {
    return usage(command_of(*parser), error.what());
  }
}

}  // namespace ringsync
