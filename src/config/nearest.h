// Nearest names: what somebody who mistyped a name probably meant.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringsync {

/// How many letters to change, add, leave out or swap with their neighbour (optimal string
/// alignment distance), without regard to case.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, if it is near enough to be a slip of the pen.
std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates);

}  // namespace ringsync
