#include "cli/state_mirror.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "sync/state_codec.h"

namespace ringsync {
namespace {

constexpr uintmax_t kMirrorBytesMax = 256 << 20;

Error mirror_error(ErrorCode code, const std::string& path, const std::string& what) {
  return {code, fmt::format("state file {}: {}", path, what)};
}

Error file_error(const std::string& path, const std::string& what) {
  return mirror_error(ErrorCode::kStateFile, path, what);
}

Result<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::file_size(path, ignored) > kMirrorBytesMax && !ignored) {
    return file_error(path, "it is too large for a state; name another file");
  }
  if (std::filesystem::is_directory(path, ignored)) {
    return file_error(path, "is a folder; name a file");
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return file_error(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  return text;
}

/// An empty file that its owner alone may read: the server's paging states may carry key bytes.
/// Null, with errno set, where it cannot be made.
std::FILE* open_private(const std::string& path) {
  constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
  // One that a killed sync left may be readable by more.
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return nullptr;
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  return descriptor < 0 ? nullptr : fdopen(descriptor, "wb");
}

}  // namespace

Result<StateImport> read_state_import(const std::string& path) {
  RINGSYNC_ASSIGN(std::string text, read_file(path));
  return StateImport{path, std::move(text)};
}

Status check_state_mirror(const std::string& path, const std::optional<StoredState>& stored) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  RINGSYNC_ASSIGN(const std::string text, read_file(path));
  const auto mirrored = decode_state(text);
  if (!mirrored.ok()) {
    return mirror_error(mirrored.error().code, path,
                        mirrored.error().message +
                            "; where the destination is intact, remove the file: the "
                            "destination's own copy counts");
  }
  if (!stored) {
    return mirror_error(ErrorCode::kStateMismatch, path,
                        "it tells of a sync whose destination is gone or is another one. Name the "
                        "destination it belongs to, or remove the file to sync everything anew");
  }
  RINGSYNC_ASSIGN(const SyncState held, decode_state(stored->json));
  if (held.cluster != mirrored->cluster || held.keyspace != mirrored->keyspace) {
    return mirror_error(
        ErrorCode::kStateMismatch, path,
        fmt::format("it is of keyspace \"{}\" of cluster \"{}\", the destination of \"{}\" "
                    "of \"{}\". Name another file",
                    mirrored->keyspace, mirrored->cluster, held.keyspace, held.cluster));
  }
  return {};
}

Status write_state_mirror(const std::string& path, const std::string& json) {
  const std::string draft = path + ".new";
  std::FILE* file = open_private(draft);
  if (file == nullptr) {
    return file_error(path, fmt::format("cannot be written: {}", std::strerror(errno)));
  }
  const bool written = std::fwrite(json.data(), 1, json.size(), file) == json.size() &&
                       std::fputc('\n', file) != EOF && std::fflush(file) == 0 &&
                       fsync(fileno(file)) == 0;
  const int write_errno = errno;
  if (std::fclose(file) != 0 || !written) {
    return file_error(path, fmt::format("cannot be written: {}", std::strerror(write_errno)));
  }
  if (std::rename(draft.c_str(), path.c_str()) != 0) {
    return file_error(path, fmt::format("cannot be replaced: {}", std::strerror(errno)));
  }
  return {};
}

}  // namespace ringsync
