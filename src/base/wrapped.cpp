#include "base/wrapped.h"

#include <algorithm>

namespace ringsync {

std::string wrapped(std::string_view text, size_t width, size_t indent) {
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    if (used > 0 && used + 1 + space > width) {
      out += '\n';
      out.append(indent, ' ');
      used = 0;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += text.substr(0, space);
    used += space;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

}  // namespace ringsync
