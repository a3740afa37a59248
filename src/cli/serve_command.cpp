#include "cli/serve_command.h"

#include <fmt/format.h>

#include <csignal>
#include <memory>

#include "base/log.h"
#include "cli/exit_codes.h"
#include "cli/memory_limit.h"
#include "cli/version.h"
#include "server/connector_server.h"

namespace ringsync {
namespace {

// What a page under way, a checkpoint and a client that reads on need; Fivetran, like container
// platforms, kills after 30 s at the latest.
constexpr int64_t kGraceMs = 20'000;

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void bound_memory(uint64_t mib) {
  const Error error{
      ErrorCode::kMemory,
      fmt::format("the server may have {} MiB of memory and needed more; start it again, with a "
                  "larger --memory-mib if its syncs need it",
                  mib)};
  limit_memory(mib, fivetran_line(error), exit_code(error.code));
}

}  // namespace

Result<ExitCode> run_serve_command(const Arguments& arguments) {
  bound_memory(arguments.memory_mib);
  // Blocked in every thread, since threads inherit it, and taken by sigwait below.
  const sigset_t signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  RINGSYNC_ASSIGN(const std::unique_ptr<ConnectorServer> server,
                  ConnectorServer::start({arguments.address, arguments.port}));
  log_info("{}: listening on {}", version_text(), server->place());
  int signal = 0;
  sigwait(&signals, &signal);
  log_info("asked to end: syncs under way end behind a checkpoint");
  // A second signal does what it does to any program.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  server->drain(kGraceMs);
  log_info("ended");
  return kExitDone;
}

}  // namespace ringsync
