// What `ringsync --version` says.
#pragma once

#include <string>

namespace ringsync {

/// "ringsync 0.1.0", with the commit it was built from where that is known.
std::string version_text();

}  // namespace ringsync
