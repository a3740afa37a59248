#include "sink/fivetran/fivetran_names.h"

#include <fmt/format.h>

#include "cql/utf8.h"

namespace ringsync {
namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Letters beyond ASCII count as parts of words.
bool is_in_word(char c) {
  return is_capital(c) || is_small(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

Error name_error(ErrorCode code, const Table& table, const std::string& what) {
  return {code, fmt::format("table {}.{}: {}", quoted(table.keyspace), quoted(table.name), what)};
}

}  // namespace

std::string fivetran_name(std::string_view name, NameOf what) {
  std::string out;
  const auto end_word = [&out] {
    if (out.empty() || out.back() != '_') out += '_';
  };
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_in_word(c)) {
      end_word();
      continue;
    }
    const bool begins_word =
        is_capital(c) && i > 0 && (is_small(name[i - 1]) || is_digit(name[i - 1]));
    if (begins_word) end_word();
    out += is_capital(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!out.empty() && is_digit(out.front())) out.insert(out.begin(), '_');
  if (what == NameOf::kTable && out.size() > 1 && out[0] == '_' && is_small(out[1]))
    out.erase(0, 1);
  return out;
}

Status check_column_names(const Table& table) {
  std::map<std::string, std::string> seen = {
      {"_fivetran_synced", ""}, {"_fivetran_deleted", ""}, {"_fivetran_id", ""}};
  for (const Column& column : table.columns) {
    if (!is_utf8(column.name)) {
      return name_error(ErrorCode::kSchema, table,
                        "a column's name is not UTF-8; exclude the table with exclude_tables");
    }
    const auto [other, is_new] =
        seen.emplace(fivetran_name(column.name, NameOf::kColumn), column.name);
    if (is_new) continue;
    const std::string clash =
        other->second.empty()
            ? fmt::format("column {} has a name that Fivetran needs for itself",
                          quoted(column.name))
            : fmt::format("columns {} and {} would both be {} in the destination",
                          quoted(other->second), quoted(column.name), quoted(other->first));
    return name_error(ErrorCode::kNameCollision, table,
                      clash +
                          "; rename one at the source, leave it out in the connection's schema, "
                          "or exclude the table with exclude_tables");
  }
  return {};
}

Status TableNames::add(const Table& table) {
  if (!is_utf8(table.name)) {
    return name_error(ErrorCode::kSchema, table,
                      "its name is not UTF-8; exclude it with exclude_tables");
  }
  const auto [other, is_new] =
      names_.emplace(fivetran_name(table.name, NameOf::kTable), table.name);
  if (is_new || other->second == table.name) return {};
  return name_error(ErrorCode::kNameCollision, table,
                    fmt::format("it and table {} would both be {} in the destination; exclude one "
                                "of them with exclude_tables",
                                quoted(other->second), quoted(other->first)));
}

}  // namespace ringsync
