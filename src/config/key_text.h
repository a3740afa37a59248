// Texts made from the table of keys: what to write, help for a terminal, the document. Pure.
#pragma once

#include <cstddef>
#include <string>

namespace ringsync {

/// The keys as a text for a terminal, no line longer than `width` columns.
std::string configuration_help(size_t width);

/// docs/configuration.md.
std::string configuration_document();

}  // namespace ringsync
