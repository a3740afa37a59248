// Log lines on their way to Python: threads of ours write them, and a thread that holds the GIL
// takes them. Thread rule: any thread.
#pragma once

#include <string>
#include <vector>

namespace ringsync::python {

/// From now on log lines wait for take_log_lines() instead of going to standard error.
void collect_log_lines();

/// The lines since the last call, each a JSON object with time, level, message and, for errors,
/// code. Of more than ten thousand that nobody took the oldest are gone, and a line says so.
std::vector<std::string> take_log_lines();

}  // namespace ringsync::python
