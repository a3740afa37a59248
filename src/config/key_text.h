// Texts made from the table of keys: what to write, help for a terminal, the document. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "config/keys.h"

namespace ringsync {

/// The keys as a text for a terminal, no line longer than `width` columns.
std::string configuration_help(size_t width);

/// The keys with their types and defaults, in as few lines as that takes: for the end of a
/// command's help.
std::string configuration_summary(size_t width);

/// What the option that stands for a key does, in the key's own words.
std::string option_help(const ConfigKey& key, size_t width);

/// docs/configuration.md.
std::string configuration_document();

}  // namespace ringsync
