// Whether text is what it says it is. Thread rule: pure function.
#pragma once

#include <string_view>

namespace ringsync {

/// True where `text` is valid UTF-8 (RFC 3629), the empty text included.
bool is_utf8(std::string_view text);

}  // namespace ringsync
