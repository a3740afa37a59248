#include "cli/version.h"

#include <ringsync_commit.h>  // made by each build: cmake/WriteCommit.cmake

#include <string_view>

namespace ringsync {

std::string version_text() {
  constexpr std::string_view kCommit = RINGSYNC_COMMIT;
  std::string text = "ringsync " RINGSYNC_VERSION;
  if (!kCommit.empty()) text.append(" (commit ").append(kCommit).append(")");
  return text;
}

}  // namespace ringsync
