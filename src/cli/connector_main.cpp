// The connector by itself: what Fivetran runs as `<program> --port N`. It is `ringsync serve` and
// nothing else, so that it holds no destination's driver and needs no shared library.
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"
#include "cli/serve_command.h"
#include "cli/standard_streams.h"

namespace ringsync {
namespace {

/// `--port N` stands for `serve --port N`; other options of the program itself stay in front.
std::vector<const char*> with_command(int argc, const char* const* argv) {
  std::vector<const char*> arguments(argv, argv + argc);
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (argc < 2 || first.starts_with("--port") || first.starts_with("--address") ||
      first.starts_with("--memory-mib") || first.starts_with("--log-level")) {
    arguments.insert(arguments.begin() + (argc > 0 ? 1 : 0), "serve");
  }
  return arguments;
}

Result<ExitCode> run_command(int argc, const char* const* argv) {
  const std::vector<const char*> given = with_command(argc, argv);
  const auto parsed = parse_arguments(static_cast<int>(given.size()), given.data());
  if (!parsed.ok()) return parsed.error();
  if (const auto* text = std::get_if<TextToPrint>(&*parsed)) {
    RINGSYNC_TRY(print_output(text->text));
    return kExitDone;
  }
  const auto& arguments = std::get<Arguments>(*parsed);
  if (arguments.command != Command::kServe) {
    return Error{
        ErrorCode::kUsage,
        "this program is the connector alone: write --port N; the other commands are those "
        "of the whole Ringsync"};
  }
  set_up_logging(arguments.log_level, arguments.log_format);
  return run_serve_command(arguments);
}

int run(int argc, const char* const* argv) {
  set_up_logging(LogLevel::kInfo, LogFormat::kFivetran);
  const auto outcome = run_command(argc, argv);
  if (outcome.ok()) return *outcome;
  log_error(outcome.error());
  return exit_code(outcome.error().code);
}

}  // namespace
}  // namespace ringsync

int main(int argc, char** argv) { return ringsync::run_guarded(ringsync::run, argc, argv); }
