#include "cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <string>

#include "base/error_catalogue.h"
#include "cli/exit_codes.h"

namespace ringsync {

void secure_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // open() takes the lowest free number, which is this one: those below are open by now.
    if (open("/dev/null", O_RDWR) != stream) std::abort();
  }
  std::signal(SIGPIPE, SIG_IGN);
}

int run_guarded(int (*run)(int argc, const char* const* argv), int argc, const char* const* argv) {
  secure_standard_streams();
  try {
    return run(argc, argv);
  } catch (const std::exception& defect) {
    // Out of memory, or a defect: libraries' exceptions are caught where they are called.
    std::fprintf(stderr, "ringsync: error[internal]: %s\n", defect.what());
    return kExitInternal;
  }
}

Status print_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return {};
  }
  const int reason = errno;
  std::clearerr(stdout);  // with --every there is a next text
  return Error{ErrorCode::kOutput, std::string("standard output cannot be written: ") +
                                       std::strerror(reason) +
                                       "; make room, or let what reads it read to the end"};
}

void print_error(const Error& error) {
  const std::string line = "ringsync: " + coded_text(error) + "\n";
  // Where it cannot be written the exit code is all there is to tell.
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
}

}  // namespace ringsync
