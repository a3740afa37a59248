// The program's own hold on standard input, output and error.
#pragma once

#include <string_view>

#include "base/result.h"

namespace ringsync {

/// Opens /dev/null on each of the three that is closed, so that no file opened later gets its
/// number and has log lines written into it; and lets a write to a closed pipe fail instead of
/// ending the program. Call first of all.
void secure_standard_streams();

/// The whole of a program: secures the streams and runs `run`, whose exit code it returns. An
/// exception is told on standard error and is kExitInternal.
int run_guarded(int (*run)(int argc, const char* const* argv), int argc, const char* const* argv);

/// What a command was asked for, on standard output. Error kOutput where it did not get there
/// whole: a full disk, a closed pipe.
Status print_output(std::string_view text);

/// A line "ringsync: error[code]: message" on standard error, if it can be written.
void print_error(const Error& error);

}  // namespace ringsync
