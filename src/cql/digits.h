// Numbers as decimal digits at the end of a text: what every text form is made of, without the cost
// of a format string. Pure.
#pragma once

#include <fmt/compile.h>
#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace ringsync {

template <std::integral T>
void append_integer(T value, std::string& out) {
  const fmt::format_int text(value);
  out.append(text.data(), text.size());
}

/// In `width` digits, with zeros before it; `value` has no more.
inline void append_padded(uint64_t value, size_t width, std::string& out) {
  const size_t start = out.size();
  out.resize(start + width);
  for (size_t i = width; i-- > 0; value /= 10) out[start + i] = static_cast<char>('0' + value % 10);
}

/// The shortest text that reads back as the same number; finite numbers only.
template <std::floating_point T>
void append_shortest(T value, std::string& out) {
  char text[64];  // a double takes 24 at most
  const char* const end = fmt::format_to(text, FMT_COMPILE("{}"), value);
  out.append(text, static_cast<size_t>(end - text));
}

}  // namespace ringsync
