// Texts made from the error catalogue: help for a terminal and the document. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "base/error_catalogue.h"

namespace ringsync {

/// Every error with its meaning, no line longer than `width` columns.
std::string errors_help(size_t width);

/// One error: meaning, remedy, whether it is tried again, exit code.
std::string error_help(const ErrorEntry& entry, size_t width);

/// docs/errors.md.
std::string errors_document();

}  // namespace ringsync
