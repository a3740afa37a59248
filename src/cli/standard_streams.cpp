#include "cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace ringsync {

void secure_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // open() takes the lowest free number, which is this one: those below are open by now.
    if (open("/dev/null", O_RDWR) != stream) std::abort();
  }
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace ringsync
