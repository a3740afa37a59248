// Databases that are one file: whether the path can be used, and whether the file is still there.
// Private to sink/adbc. Thread rule: none shared.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringsync {

/// Ok where `file` can be the path of a database file. Errors: kConfig where it names none,
/// kDestination where it is a folder or lies in none.
Status check_database_path(const std::string& file, std::string_view database);

/// The error, and where it may come from it that the disk of `file` is as good as full: databases
/// do not always say so.
Error with_disk_space(Error error, const std::string& file);

/// The file that a path led to, to notice that it leads to another one: the database would go on
/// writing to a file that nobody finds.
class WatchedFile {
 public:
  /// Nothing is watched where the path leads to no file.
  explicit WatchedFile(std::string path);
  /// Error kDestination where the path leads elsewhere by now.
  Status check_in_place() const;
  const std::string& path() const { return path_; }

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const Identity&) const = default;
  };
  static std::optional<Identity> identify(const std::string& path);

  std::string path_;
  std::optional<Identity> identity_;
};

/// Holds a file for one sync: another process that holds it too is told apart at once. The lock is
/// advisory (flock) and goes with the process; it is none of the database's own locks.
class FileHold {
 public:
  /// Makes the file where there is none. Errors: kDestinationBusy where another process holds it,
  /// kDestination where it cannot be opened for writing.
  static Result<FileHold> take(const std::string& file);
  FileHold() = default;
  FileHold(FileHold&& other) noexcept;
  FileHold& operator=(FileHold&& other) noexcept;
  ~FileHold();

 private:
  int descriptor_ = -1;
};

}  // namespace ringsync
