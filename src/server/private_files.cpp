#include "server/private_files.h"

#include <absl/strings/escaping.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ringsync {
namespace {

Error wrong(std::string clause) { return {ErrorCode::kConfig, std::move(clause)}; }

Status write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return wrong(
          fmt::format("cannot be kept in memory ({})", std::generic_category().message(errno)));
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

PrivateFiles::~PrivateFiles() {
  for (const int file : files_) close(file);
}

Result<std::string> PrivateFiles::keep(std::string_view base64) {
  std::string content;
  if (base64.size() > kBytesMax / 3 * 4 + 4) return wrong("is larger than 1 MiB");
  if (!absl::Base64Unescape(absl::string_view(base64.data(), base64.size()), &content)) {
    return wrong("is not base64");
  }
  if (content.find("-----BEGIN ") == std::string::npos) {
    return wrong("is not in PEM form (no line of it begins with \"-----BEGIN \")");
  }
  const int file = memfd_create("ringsync", MFD_CLOEXEC);
  if (file < 0) {
    return wrong(
        fmt::format("cannot be kept in memory ({})", std::generic_category().message(errno)));
  }
  files_.push_back(file);
  RINGSYNC_TRY(write_all(file, content));
  return fmt::format("/proc/self/fd/{}", file);
}

}  // namespace ringsync
