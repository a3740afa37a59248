#include "sink/adbc/database_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace ringsync {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kNearlyFullBytes = 1 << 20;  // DuckDB takes a quarter of it at a time

fs::path folder_of(const std::string& file) {
  const fs::path path(file);
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

Status check_database_path(const std::string& file, std::string_view database) {
  std::error_code error;
  // DuckDB and SQLite read these as a database in memory, which would be gone at the end.
  if (file.empty() || file.front() == ':') {
    return Error{ErrorCode::kConfig,
                 fmt::format("the {} destination needs the name of a file", database)};
  }
  if (fs::is_directory(file, error)) {
    return Error{ErrorCode::kDestination,
                 fmt::format("{} is a folder; give the name of a {} file in it", file, database)};
  }
  const fs::path folder = folder_of(file);
  if (!fs::is_directory(folder, error)) {
    return Error{ErrorCode::kDestination,
                 fmt::format("{} cannot be written: the folder {} does not exist; create it first",
                             file, folder.string())};
  }
  return {};
}

Error with_disk_space(Error error, const std::string& file) {
  const std::string& message = error.message;
  const bool is_told = message.find("No space left") != std::string::npos ||
                       message.find("is full") != std::string::npos;
  if (error.code != ErrorCode::kDestination || is_told) return error;
  std::error_code failed;
  const fs::space_info space = fs::space(folder_of(file), failed);
  if (failed || space.available >= kNearlyFullBytes) return error;
  error.message +=
      fmt::format("; its disk is full, or nearly so: {} bytes are free. Make room, then run again",
                  space.available);
  return error;
}

WatchedFile::WatchedFile(std::string path) : path_(std::move(path)), identity_(identify(path_)) {}

std::optional<WatchedFile::Identity> WatchedFile::identify(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return std::nullopt;
  return Identity{found.st_dev, found.st_ino};
}

Status WatchedFile::check_in_place() const {
  if (identity_ && identify(path_) == identity_) return {};
  return Error{ErrorCode::kDestination,
               "the file was removed or replaced while the sync ran; what was not committed before "
               "is lost. Put the file back, or run again to write a new one"};
}

Result<FileHold> FileHold::take(const std::string& file) {
  FileHold hold;
  hold.descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (hold.descriptor_ < 0) {
    return Error{ErrorCode::kDestination,
                 fmt::format("{} cannot be opened for writing: {}; check the path and its "
                             "permissions, or name another file",
                             file, std::system_category().message(errno))};
  }
  if (flock(hold.descriptor_, LOCK_EX | LOCK_NB) == 0) return hold;
  return Error{
      ErrorCode::kDestinationBusy,
      fmt::format("{} is in use: another sync holds it; let it end, then run again", file)};
}

FileHold::FileHold(FileHold&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileHold& FileHold::operator=(FileHold&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileHold::~FileHold() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace ringsync
