// Syntax errors of the configuration file, told without repeating any of its text: what stands at
// the wrong place may be the password.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringsync {

/// "FILE, line L, column C: what is wrong" out of what the JSON parser says. `byte` is the position
/// of the last byte read, from 1; columns count characters.
std::string describe_syntax_error(std::string_view text, std::string_view origin, size_t byte,
                                  std::string_view parser_message);

}  // namespace ringsync
