#include "cli/driver_file.h"

#include <fmt/format.h>

#include <system_error>
#include <vector>

namespace ringsync {
namespace {

namespace fs = std::filesystem;

// Where cmake/Install.cmake puts drivers, seen from the program's folder.
constexpr const char* kInstalledDrivers = "../lib/ringsync";

}  // namespace

Result<fs::path> program_path() {
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (!failed) return program;
  return Error{ErrorCode::kInternal,
               fmt::format("/proc/self/exe cannot be read ({}), so the program's own folder, where "
                           "its drivers lie, is not known; mount /proc or use --driver-path",
                           failed.message())};
}

Result<std::string> find_driver(const std::optional<std::string>& folder, const fs::path& program,
                                const std::string& file) {
  std::error_code failed;
  std::vector<fs::path> places;
  if (folder) {
    places = {fs::absolute(*folder, failed)};
  } else {
    const fs::path beside = program.parent_path();
    places = {beside, (beside / kInstalledDrivers).lexically_normal()};
  }
  for (const fs::path& place : places) {
    const fs::path driver = place / file;
    if (fs::is_regular_file(driver, failed)) return driver.string();
  }
  std::string looked_in = places.front().string();
  if (places.size() > 1) looked_in += fmt::format(" or {}", places.back().string());
  return Error{ErrorCode::kDriver,
               fmt::format("there is no {} in {}; name the folder that holds it with --driver-path",
                           file, looked_in)};
}

}  // namespace ringsync
