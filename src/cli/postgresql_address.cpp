#include "cli/postgresql_address.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringsync {
namespace {

constexpr std::string_view kSchemes[] = {"postgresql://", "postgres://"};
constexpr std::string_view kForm = "postgresql://USER@HOST:PORT/DATABASE";

Error wrong_address(std::string_view what) {
  return Error{ErrorCode::kUsage, fmt::format("--to: {}; write {}", what, kForm)};
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

Status check_percents(std::string_view text, std::string_view part) {
  for (size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1)) {
    if (i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) continue;
    return wrong_address(
        fmt::format("the {} has a % without two hexadecimal digits behind it (a % itself "
                    "is written %25)",
                    part));
  }
  return {};
}

bool has_variable(std::string_view text) { return text.find("${") != std::string_view::npos; }

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += is_plain(c) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Status check_hosts(std::string_view hosts) {
  const bool is_host = std::ranges::all_of(hosts, [](char c) {
    return is_plain(c) || c == ':' || c == ',' || c == '[' || c == ']' || c == '%';
  });
  if (!is_host) {
    return wrong_address(
        "the host has characters that no host has (in user and password, / is written "
        "%2F, ? %3F, # %23 and @ %40)");
  }
  // [::1]:5432 has its port behind the bracket.
  for (size_t start = 0; start <= hosts.size();) {
    const size_t end = std::min(hosts.find(',', start), hosts.size());
    const std::string_view host = hosts.substr(start, end - start);
    const size_t bracket = host.rfind(']');
    const size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view port =
        colon == std::string_view::npos ? std::string_view() : host.substr(colon + 1);
    if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) {
      return wrong_address("the port is no number");
    }
    start = end + 1;
  }
  return {};
}

Status check(const PostgresqlAddress& address) {
  RINGSYNC_TRY(check_hosts(address.hosts));
  RINGSYNC_TRY(check_percents(address.user, "user"));
  RINGSYNC_TRY(check_percents(address.database, "database"));
  RINGSYNC_TRY(check_percents(address.parameters, "list of parameters"));
  if (!address.password || has_variable(*address.password)) return {};
  return check_percents(*address.password, "password");
}

}  // namespace

std::string PostgresqlAddress::label() const {
  return fmt::format("postgresql://{}{}{}{}{}", user, user.empty() ? "" : "@", hosts,
                     database.empty() ? "" : "/", database);
}

Result<std::string> PostgresqlAddress::uri(const VariableLookup& lookup) const {
  std::string secret;
  if (password) {
    secret = *password;
    if (has_variable(secret)) {
      auto expanded = expand_variables(secret, lookup);
      if (!expanded) return expanded.error().within("the password in --to");
      secret = percent_encoded(expanded->text);
    }
    secret = ":" + secret;
  }
  std::string all = parameters;
  const auto add = [&all](std::string_view name, std::string_view value) {
    const std::string start = fmt::format("{}=", name);
    if (all.starts_with(start) || all.find("&" + start) != std::string::npos) return;
    all += fmt::format("{}{}{}", all.empty() ? "" : "&", start, value);
  };
  add("connect_timeout", "10");
  add("application_name", "ringsync");
  add("client_encoding", "UTF8");
  const bool has_login = !user.empty() || password;
  return fmt::format("postgresql://{}{}{}{}/{}?{}", user, secret, has_login ? "@" : "", hosts,
                     database, all);
}

bool is_postgresql_uri(std::string_view text) {
  return std::ranges::any_of(kSchemes,
                             [text](std::string_view scheme) { return text.starts_with(scheme); });
}

Result<PostgresqlAddress> parse_postgresql_uri(std::string_view text) {
  text.remove_prefix(text.find("//") + 2);
  PostgresqlAddress address;
  const size_t path = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, path);
  std::string_view rest = text.substr(path);
  // A password's own / or ? would cut it in two, and its second half would pass for a database.
  if (rest.find('@') != std::string_view::npos) {
    return wrong_address(
        "there is an @ behind the host (in user and password, / is written %2F, ? %3F and "
        "@ %40)");
  }
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view login = authority.substr(0, at);
    const size_t colon = login.find(':');
    address.user = login.substr(0, colon);
    if (colon != std::string_view::npos) address.password = login.substr(colon + 1);
    authority.remove_prefix(at + 1);
  }
  address.hosts = authority;
  const size_t question = std::min(rest.find('?'), rest.size());
  if (question > 0) address.database = rest.substr(1, question - 1);
  if (question < rest.size()) address.parameters = rest.substr(question + 1);
  RINGSYNC_TRY(check(address));
  return address;
}

}  // namespace ringsync
