#include "config/values.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace ringsync {
namespace {

Error wrong(std::string message) { return Error{ErrorCode::kConfig, std::move(message)}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_address(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(family, text.c_str(), address.data()) == 1;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

bool equal_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// RFC 1123 section 2.1, with `_`, which resolvers take and container networks use.
bool is_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !is_digit(c) && c != '-' && c != '_') return false;
    if (++label > 63) return false;
  }
  return label > 0;
}

/// What is wrong with a text that is neither an address nor a name.
Error wrong_host(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return wrong("is a URL; write the name or address of the host alone");
  }
  if (text.find_first_of(", \t;") != std::string_view::npos) {
    return wrong("is more than one host; write one in each of `host_1`, `host_2`, `host_3`");
  }
  const size_t colon = text.rfind(':');
  const bool one_colon = colon != std::string_view::npos && text.find(':') == colon;
  const bool after_bracket = colon != std::string_view::npos && colon > 0 && text[colon - 1] == ']';
  if ((one_colon || after_bracket) && colon > 0) {
    return wrong("has a port; write the host alone, and its port as `port`");
  }
  return wrong("is neither a host name nor an IP address; write one of these, without a port");
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n";
  const size_t first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

std::string quoted_for_message(std::string_view text) {
  constexpr size_t kShownMax = 60;
  std::string shown = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool starts_character = (byte & 0xC0) != 0x80;
    if (i >= kShownMax && starts_character) {
      shown += "…";
      break;
    }
    shown += byte < 0x20 || byte == 0x7F ? '?' : text[i];
  }
  return shown + '"';
}

bool is_placeholder(std::string_view text) {
  return text.starts_with("<YOUR_") && text.ends_with('>');
}

Result<std::string> read_host(std::string_view text) {
  const std::string host(text);
  if (is_address(AF_INET, host) || is_address(AF_INET6, host)) return host;
  if (text.starts_with('[') && text.ends_with(']')) {
    std::string inner(text.substr(1, text.size() - 2));
    if (is_address(AF_INET6, inner)) return inner;
    return wrong("is not an IPv6 address in brackets; write one, or a host's name");
  }
  const std::string_view undotted = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  const size_t dot = undotted.rfind('.');
  const std::string_view last_label =
      dot == std::string_view::npos ? undotted : undotted.substr(dot + 1);
  // No top-level domain is a number (RFC 3696 section 2), so this was meant to be an address.
  if (all_digits(last_label)) {
    return wrong("is not an IPv4 address; write four numbers from 0 to 255, or a host's name");
  }
  if (!is_host_name(text)) return wrong_host(text);
  return host;
}

Result<uint32_t> read_integer(const ConfigKey& key, std::string_view text) {
  int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end == text.data() + text.size() && !text.empty();
  if (!whole || code == std::errc::invalid_argument) {
    return wrong(fmt::format("is not a whole number; write {}", expected_value(key)));
  }
  if (code == std::errc::result_out_of_range || number < key.integer_min ||
      number > key.integer_max) {
    return wrong(fmt::format("is out of range; write {}", expected_value(key)));
  }
  return static_cast<uint32_t>(number);
}

Result<bool> read_boolean(const ConfigKey& key, std::string_view text) {
  if (equal_but_for_case(text, "true")) return true;
  if (equal_but_for_case(text, "false")) return false;
  return wrong(fmt::format("is neither true nor false; write {}", expected_value(key)));
}

Result<size_t> read_choice(const ConfigKey& key, std::string_view text) {
  const auto found = std::ranges::find_if(
      key.choices, [&](const Choice& choice) { return equal_but_for_case(choice.name, text); });
  if (found == key.choices.end()) {
    return wrong(fmt::format("is not known here; write {}", expected_value(key)));
  }
  return static_cast<size_t>(found - key.choices.begin());
}

Result<std::string> read_table_pattern(std::string_view text) {
  const auto odd =
      std::ranges::find_if(text, [](char c) { return !is_name_character(c) && c != '*'; });
  if (odd == text.end()) return std::string(text);
  const char* what =
      "cannot be a table's name; write letters, digits and _, and * for any characters";
  if (*odd == '.') what = "has a dot; write the table's name without its keyspace";
  if (*odd == '"' || *odd == '\'') {
    what = "has quotes inside; write the name as the server lists it, without them";
  }
  return wrong(what);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  int depth = 0;
  bool quoted = false;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c == '"') quoted = !quoted;
    if (c == '(' && !quoted) ++depth;
    if (c == ')' && !quoted) --depth;
    if (i < text.size() && (c != ',' || quoted || depth > 0)) continue;
    const std::string_view part = trimmed(text.substr(start, i - start));
    if (!part.empty()) parts.emplace_back(part);
    start = i + 1;
  }
  return parts;
}

}  // namespace ringsync
