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
  // Of a path that does not exist, only an absolute form can be compared.
  const fs::path one = fs::weakly_canonical(fs::absolute(a), failed);
  if (failed) return false;
  const fs::path other = fs::weakly_canonical(fs::absolute(b), failed);
  return !failed && one == other;
}

std::vector<NamedFile> files_of(const Arguments& arguments) {
  std::vector<NamedFile> files{{"--configuration", arguments.configuration_path}};
  const std::string& database = arguments.destination.path;
  if (!database.empty()) {
    files.push_back({"--to", database});
    const bool is_sqlite = arguments.destination.kind == DestinationKind::kSqlite;
    files.push_back({"--to (its write-ahead log)", database + (is_sqlite ? "-wal" : ".wal")});
    if (is_sqlite) files.push_back({"--to (its shared memory)", database + "-shm"});
  }
  if (arguments.import_state_path) {
    files.push_back({"--import-state", *arguments.import_state_path});
  }
  if (arguments.state_path) {
    files.push_back({"--state", *arguments.state_path});
    files.push_back({"--state (while it is written)", *arguments.state_path + ".new"});
  }
  if (arguments.summary_json_path) {
    files.push_back({"--summary-json", *arguments.summary_json_path});
  }
  if (arguments.page_trace_path) files.push_back({"--trace-pages", *arguments.page_trace_path});
  return files;
}

Error refusal(const char* option, const fs::path& path, const char* why) {
  return {ErrorCode::kUsage, fmt::format("{}: {} {}", option, path.string(), why)};
}

/// `path` itself may be a terminal or a pipe: it is written in place.
Status check_writable(const char* option, const fs::path& path) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return refusal(option, path, "is a folder; name a file");
  if (fs::exists(path, failed) && access(path.c_str(), W_OK) != 0) {
    return refusal(option, path, "may not be written; name another");
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, failed)) {
    return refusal(option, path, "lies in a folder that does not exist");
  }
  if (!fs::exists(path, failed) && access(folder.c_str(), W_OK) != 0) {
    return refusal(option, path, "lies in a folder that may not be written");
  }
  return {};
}

/// The state is written beside `path` and renamed over it.
Status check_replaceable(const char* option, const fs::path& path) {
  RINGSYNC_TRY(check_writable(option, path));
  std::error_code failed;
  if (fs::exists(path, failed) && !fs::is_regular_file(path, failed)) {
    return refusal(option, path, "is no regular file; name another");
  }
  return check_writable(option, path.string() + ".new");
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
  if (arguments.state_path) RINGSYNC_TRY(check_replaceable("--state", *arguments.state_path));
  if (arguments.summary_json_path) {
    RINGSYNC_TRY(check_writable("--summary-json", *arguments.summary_json_path));
  }
  if (arguments.page_trace_path) {
    RINGSYNC_TRY(check_writable("--trace-pages", *arguments.page_trace_path));
  }
  return {};
}

}  // namespace ringsync
