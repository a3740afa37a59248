// Whether text is what it says it is. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace ringsync {

/// Below this size a check for ASCII in place costs less than the call of the real one.
inline constexpr size_t kShortTextBytes = 64;

/// True where every byte of `text` is ASCII.
inline bool is_ascii(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080'8080'8080'8080U;
  constexpr size_t kWord = sizeof(uint64_t);
  uint64_t seen = 0;
  const auto see_word = [&](size_t at) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, kWord);
    seen |= word;
  };
  if (text.size() < kWord) {
    for (const char c : text) seen |= static_cast<uint8_t>(c);
    return (seen & kHighBits) == 0;
  }
  for (size_t at = 0; at + kWord <= text.size(); at += kWord) see_word(at);
  see_word(text.size() - kWord);  // may overlap
  return (seen & kHighBits) == 0;
}

/// True where `text` is valid UTF-8 (RFC 3629), the empty text included.
bool is_utf8(std::string_view text);

/// True where `text` has U+0000 in it: what ends a text in C, in SQL and in Arrow's names.
inline bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

/// is_utf8() for loops over many texts, most of them short and ASCII.
inline bool is_utf8_mostly_ascii(std::string_view text) {
  return (text.size() < kShortTextBytes && is_ascii(text)) || is_utf8(text);
}

}  // namespace ringsync
