// The program: reads the command line, runs one command and turns its outcome into an exit code.
#include <variant>

#include "base/log.h"
#include "cli/arguments.h"
#include "cli/check_command.h"
#include "cli/discover_command.h"
#include "cli/exit_codes.h"
#include "cli/plan_command.h"
#include "cli/serve_command.h"
#include "cli/standard_streams.h"
#include "cli/sync_command.h"

namespace ringsync {
namespace {

Result<ExitCode> run_command(const Arguments& arguments) {
  switch (arguments.command) {
    case Command::kCheck: return run_check_command(arguments);
    case Command::kDiscover: return run_discover_command(arguments);
    case Command::kPlan: return run_plan_command(arguments);
    case Command::kSync: return run_sync_command(arguments);
    case Command::kServe: return run_serve_command(arguments);
  }
  return Error{ErrorCode::kInternal, "a command that is not known"};
}

int run(int argc, const char* const* argv) {
  const auto parsed = parse_arguments(argc, argv);
  if (!parsed.ok()) {
    print_error(parsed.error());
    return exit_code(parsed.error().code);
  }
  if (const auto* text = std::get_if<TextToPrint>(&*parsed)) {
    const Status printed = print_output(text->text);
    if (printed) return kExitDone;
    print_error(printed.error());
    return exit_code(printed.error().code);
  }
  const auto& arguments = std::get<Arguments>(*parsed);
  set_up_logging(arguments.log_level, arguments.log_format);
  const auto outcome = run_command(arguments);
  if (!outcome.ok()) {
    if (arguments.log_format != LogFormat::kText) {
      log_error(outcome.error());
    } else {
      print_error(outcome.error());
    }
    return exit_code(outcome.error().code);
  }
  return *outcome;
}

}  // namespace
}  // namespace ringsync

int main(int argc, char** argv) { return ringsync::run_guarded(ringsync::run, argc, argv); }
