#include "cli/version.h"

#include <string_view>

#include "ringsync_commit.h"

namespace ringsync {

std::string version_text() {
  constexpr std::string_view kCommit = RINGSYNC_COMMIT;
  std::string text = "ringsync " RINGSYNC_VERSION;
  if (!kCommit.empty()) text.append(" (commit ").append(kCommit).append(")");
  return text;
}

}  // namespace ringsync
