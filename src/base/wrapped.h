// Line breaking for a terminal. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringsync {

/// `text` broken at spaces into lines of at most `width` columns, each but the first after
/// `indent` spaces. A word that is longer stands alone.
std::string wrapped(std::string_view text, size_t width, size_t indent);

}  // namespace ringsync
