// Dates and times as people and other programs write them. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ringsync {

/// A date or a date-time of ISO 8601 as milliseconds since the epoch: "2024-01-31",
/// "2024-01-31T12:00", with seconds, a fraction of up to nine digits (cut to milliseconds), a space
/// for the T, and "Z" or an offset as "+02:00"; without one it is in UTC. Nothing where it is none.
std::optional<int64_t> parse_date_time_ms(std::string_view text);

}  // namespace ringsync
