// Values of the configuration file: from the text of one value to its type. An Error here says
// only what is wrong with the value and what to write ("is not a whole number; write …"): who asks
// knows the key, and whether the value may be shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/configuration.h"
#include "config/keys.h"

namespace ringsync {

/// Without white space at its ends.
std::string_view trimmed(std::string_view text);

/// The text in quotes, fit for a message of one line: short, control characters replaced.
std::string quoted_for_message(std::string_view text);

/// True for what an example file holds in place of a value: "<YOUR_…>".
bool is_placeholder(std::string_view text);

/// A host name, an IPv4 address or an IPv6 address, in brackets or not; returned without them.
Result<std::string> read_host(std::string_view text);

/// A whole number within the bounds of `key`.
Result<uint32_t> read_integer(const ConfigKey& key, std::string_view text);

/// A consistency level by name, in any case of letters.
Result<Consistency> read_consistency(const ConfigKey& key, std::string_view text);

/// Parts of a comma-separated text, trimmed, empty ones left out.
std::vector<std::string> split_list(std::string_view text);

}  // namespace ringsync
