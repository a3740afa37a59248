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

/// true or false, in any case of letters.
Result<bool> read_boolean(const ConfigKey& key, std::string_view text);

/// The index of a choice of `key` by its name, in any case of letters.
Result<size_t> read_choice(const ConfigKey& key, std::string_view text);

/// A date or a date-time as base/date_time.h reads it, as milliseconds since the epoch. A time
/// after `now_ms` is an error.
Result<int64_t> read_date_time(const ConfigKey& key, std::string_view text, int64_t now_ms);

/// What could be a table's name, with `*` for any number of characters.
Result<std::string> read_table_pattern(std::string_view text);

/// "table.column=DECIMAL(precision,scale)": the table as of read_table_pattern, the column a name
/// as the server holds it, in double quotes or not; the scale may be left out and is 0 then.
Result<DecimalType> read_decimal_type(std::string_view text);

/// Parts of a text that commas separate, but for those within parentheses or double quotes;
/// trimmed, empty ones left out.
std::vector<std::string> split_list(std::string_view text);

}  // namespace ringsync
