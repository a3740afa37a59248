#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "config/values.h"

namespace ringsync {
namespace {

constexpr uint32_t kPrecisionMax = 38;  // of 128-bit decimals

Error wrong(std::string message) { return Error{ErrorCode::kConfig, std::move(message)}; }

std::optional<uint32_t> whole_number(std::string_view text) {
  text = trimmed(text);
  uint32_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The part of "DECIMAL(p,s)" between its parentheses, in any case of letters.
std::optional<std::string_view> decimal_arguments(std::string_view text) {
  constexpr std::string_view kName = "DECIMAL";
  if (text.size() < kName.size() || !text.ends_with(')')) return std::nullopt;
  for (size_t i = 0; i < kName.size(); ++i) {
    if ((text[i] & ~0x20) != kName[i]) return std::nullopt;
  }
  text = trimmed(text.substr(kName.size()));
  if (!text.starts_with('(')) return std::nullopt;
  return text.substr(1, text.size() - 2);
}

/// A column's name; in double quotes, doubled ones inside stand for one.
std::string unquoted(std::string_view text) {
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return std::string(text);
  std::string name;
  text = text.substr(1, text.size() - 2);
  for (size_t i = 0; i < text.size(); ++i) {
    name += text[i];
    if (text.substr(i).starts_with("\"\"")) ++i;
  }
  return name;
}

}  // namespace

Result<DecimalType> read_decimal_type(std::string_view text) {
  constexpr const char* kForm =
      "write table.column=DECIMAL(precision,scale), as \"orders.total=DECIMAL(18,2)\"";
  // A column's name may hold anything, a table's only letters, digits and _.
  const size_t dot = text.find('.');
  const size_t equals = text.rfind('=');
  if (dot == std::string_view::npos || equals == std::string_view::npos || dot > equals) {
    return wrong(fmt::format("names no column with its type; {}", kForm));
  }
  const auto arguments = decimal_arguments(trimmed(text.substr(equals + 1)));
  if (!arguments) return wrong(fmt::format("has no DECIMAL(…) behind its \"=\"; {}", kForm));
  const size_t comma = std::min(arguments->find(','), arguments->size());
  const auto precision = whole_number(arguments->substr(0, comma));
  const auto scale = comma == arguments->size() ? 0U : whole_number(arguments->substr(comma + 1));
  if (!precision || !scale) {
    return wrong(fmt::format("has a precision or scale that is no whole number; {}", kForm));
  }
  if (*precision == 0 || *precision > kPrecisionMax) {
    return wrong(fmt::format("has a precision out of range; write 1 to {} digits", kPrecisionMax));
  }
  if (*scale > *precision) {
    return wrong("has a scale above its precision; write one up to it");
  }
  RINGSYNC_ASSIGN(std::string table, read_table_pattern(trimmed(text.substr(0, dot))));
  std::string column = unquoted(trimmed(text.substr(dot + 1, equals - dot - 1)));
  if (table.empty() || column.empty()) {
    return wrong(fmt::format("lacks the name of a table or column; {}", kForm));
  }
  return DecimalType{std::move(table), std::move(column), static_cast<uint8_t>(*precision),
                     static_cast<uint8_t>(*scale)};
}

}  // namespace ringsync
