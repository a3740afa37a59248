// PrivateFiles: files that came inside a request (certificates and keys), kept in this process's
// memory under a path that only it can open. Nothing of them reaches a disk, and a crash leaves
// nothing behind. Thread rule: one call's own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringsync {

class PrivateFiles {
 public:
  /// The largest file that is taken.
  static constexpr size_t kBytesMax = size_t{1} << 20;

  PrivateFiles() = default;
  /// Forgets the files; their paths lead nowhere any more.
  ~PrivateFiles();
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

  /// Keeps a PEM file that came in base64 (RFC 4648 section 4) and returns its path. Errors are
  /// clauses about the file ("is not base64") and never repeat what it holds.
  Result<std::string> keep(std::string_view base64);

 private:
  std::vector<int> files_;
};

}  // namespace ringsync
