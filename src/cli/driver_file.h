// Where a destination's database driver lies: beside the program in a build, in ../lib/ringsync of
// an installed one, or where --driver-path says.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace ringsync {

/// The running program's absolute path, links resolved. Error kInternal where /proc does not tell.
Result<std::filesystem::path> program_path();

/// Absolute path of the driver `file`: in `folder` where that is given, else beside `program`, else
/// in
/// ../lib/ringsync from there. It is never searched for in a way that the environment could steer.
/// Error kDestination names every place looked in.
Result<std::string> find_driver(const std::optional<std::string>& folder,
                                const std::filesystem::path& program, const std::string& file);

}  // namespace ringsync
