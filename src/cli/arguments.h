// The command line: what the user asked for, checked. Pure but for reading its arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "cli/destination.h"
#include "cli/memory_limit.h"
#include "cli/progress_display.h"
#include "config/configuration.h"

namespace ringsync {

enum class Command : uint8_t {
  kCheck,     // connect, say what a sync would do
  kDiscover,  // list tables and columns
  kPlan,      // say what a sync would read
  kSync,
  kServe,  // offer Fivetran's source connector on a port
};

struct Arguments {
  Command command = Command::kCheck;
  std::string configuration_path = "configuration.json";
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;

  // kServe only.
  std::string address;  // without brackets; empty: all of this machine's
  uint16_t port = 0;    // 0: a free one
  uint64_t memory_mib = kServeMemoryMib;

  bool json = false;  // kDiscover, kPlan: a document instead of a text

  // kSync only.
  Destination destination;
  std::optional<std::string> state_path;
  std::vector<std::string> resync;  // names or patterns of tables to read anew
  std::optional<std::string> import_state_path;
  std::optional<std::string> driver_path;  // a folder
  std::optional<std::string> summary_json_path;
  std::optional<std::string> page_trace_path;  // a JSON line for each page read
  bool token_routing = true;                   // else any node of the data centre is asked
  ProgressMode progress = ProgressMode::kAuto;
  std::optional<int64_t> every_ms;  // from the start of a sync to the start of the next
  KeyOverrides keys;                // those that options stand for; kPlan too
};

/// A help or version text that was asked for: print it and end with 0.
struct TextToPrint {
  std::string text;
};

/// Reads the command line. Error kUsage says what is wrong, what was probably meant and where help
/// is.
Result<std::variant<Arguments, TextToPrint>> parse_arguments(int argc, const char* const* argv);

}  // namespace ringsync
