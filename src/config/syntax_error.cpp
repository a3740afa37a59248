#include "config/syntax_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ringsync {
namespace {

struct Position {
  size_t line = 1;
  size_t column = 0;
};

Position position_of(std::string_view text, size_t byte) {
  Position position;
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  for (size_t i = 0; i < before.size(); ++i) {
    const bool continues_character = (static_cast<unsigned char>(before[i]) & 0xC0) == 0x80;
    if (!continues_character) ++position.column;
    // The byte that the parser stopped at belongs to the line it ends.
    if (before[i] == '\n' && i + 1 < before.size()) {
      ++position.line;
      position.column = 0;
    }
  }
  position.column = std::max<size_t>(position.column, 1);
  return position;
}

// What the lexer of nlohmann-json says (its get_token_string is left out on purpose), and what a
// user can do about it. The first that fits counts.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kReasons{{
    {"missing closing quote", "a text has no closing quote; write \" at its end"},
    {"control character",
     "a line break or another control character inside a text; write \\n, or "
     "close the text with \" before it"},
    {"forbidden character after backslash",
     "a lone backslash inside a text; write two of them for one"},
    {"ill-formed UTF-8", "a byte that is not UTF-8; save the file as UTF-8"},
    {"surrogate", "a \\u escape without its other half; write the character itself"},
    {"must be followed by 4 hex digits",
     "\\u without four hexadecimal digits; write the character itself"},
    {"invalid number", "a broken number; write it as text, in double quotes"},
    {"invalid literal", "a word without quotes; write texts in double quotes"},
}};

/// The parser's own words where they name kinds of token only: "unexpected …; expected …".
std::string token_kinds(std::string_view message) {
  const size_t start = message.find("unexpected ");
  if (start == std::string_view::npos) {
    return "this is not JSON; look for a missing comma, quote or brace here";
  }
  return std::string(message.substr(start));
}

}  // namespace

std::string describe_syntax_error(std::string_view text, std::string_view origin, size_t byte,
                                  std::string_view parser_message) {
  const Position position = position_of(text, byte);
  // What follows repeats the file's text.
  parser_message = parser_message.substr(0, parser_message.find("; last read"));
  std::string reason;
  if (byte > 0 && byte <= text.size() && (text[byte - 1] == '/' || text[byte - 1] == '#') &&
      parser_message.find("invalid literal") != std::string_view::npos) {
    reason = "a comment; JSON has none, so remove it";
  }
  for (const auto& [sign, told] : kReasons) {
    if (reason.empty() && parser_message.find(sign) != std::string_view::npos) {
      reason = told;
    }
  }
  if (reason.empty() && parser_message.find("unexpected end of input") != std::string_view::npos) {
    reason = "the file ends too early; write what is missing, as a closing brace";
  }
  if (reason.empty()) reason = token_kinds(parser_message);
  return fmt::format("{}, line {}, column {}: {}", origin, position.line, position.column, reason);
}

}  // namespace ringsync
