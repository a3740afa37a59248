#include "cli/output_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace ringsync {
namespace {

namespace fs = std::filesystem;

struct NamedFile {
  std::string option;
  fs::path path;
};

bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code failed;
  if (fs::equivalent(a, b, failed) && !failed) return true;
  return fs::weakly_canonical(a, failed) == fs::weakly_canonical(b, failed);
}

std::vector<NamedFile> files_of(const Arguments& arguments) {
  std::vector<NamedFile> files{{"--configuration", arguments.configuration_path}};
  const std::string& database = arguments.destination.path;
  if (!database.empty()) {
    files.push_back({"--to", database});
    files.push_back({"--to (its write-ahead log)", database + ".wal"});
  }
  if (arguments.state_path) {
    files.push_back({"--state", *arguments.state_path});
    files.push_back({"--state (while it is written)", *arguments.state_path + ".new"});
  }
  if (arguments.summary_json_path) {
    files.push_back({"--summary-json", *arguments.summary_json_path});
  }
  return files;
}

Status check_writable(const char* option, const fs::path& path) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::kUsage, fmt::format("{}: {} {}", option, path.string(), why)};
  };
  std::error_code failed;
  if (fs::exists(path, failed)) {
    if (!fs::is_regular_file(path, failed)) return refuse("is no regular file; name another");
    if (access(path.c_str(), W_OK) != 0) return refuse("may not be written; name another");
    return {};
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, failed)) return refuse("lies in a folder that does not exist");
  if (access(folder.c_str(), W_OK) != 0) return refuse("lies in a folder that may not be written");
  return {};
}

}  // namespace

Status check_output_files(const Arguments& arguments) {
  const std::vector<NamedFile> files = files_of(arguments);
  for (size_t i = 0; i < files.size(); ++i) {
    for (size_t j = i + 1; j < files.size(); ++j) {
      if (!is_same_file(files[i].path, files[j].path)) continue;
      return Error{ErrorCode::kUsage,
                   fmt::format("{} and {} name the same file, {}; one would overwrite the other",
                               files[i].option, files[j].option, files[j].path.string())};
    }
  }
  if (arguments.state_path) RINGSYNC_TRY(check_writable("--state", *arguments.state_path));
  if (arguments.summary_json_path) {
    RINGSYNC_TRY(check_writable("--summary-json", *arguments.summary_json_path));
  }
  return {};
}

}  // namespace ringsync
