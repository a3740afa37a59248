// The program's own hold on standard input, output and error.
#pragma once

namespace ringsync {

/// Opens /dev/null on each of the three that is closed, so that no file opened later gets its
/// number and has log lines written into it; and lets a write to a closed pipe fail instead of
/// ending the program. Call first of all.
void secure_standard_streams();

}  // namespace ringsync
