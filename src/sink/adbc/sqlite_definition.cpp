#include "sink/adbc/sqlite_definition.h"

#include <algorithm>

#include "model/table.h"
#include "sink/adbc/sql.h"

namespace ringsync {
namespace {

/// A token of SQL (https://www.sqlite.org/draft/tokenreq.html), no space or comment.
struct Token {
  size_t begin = 0;
  std::string_view text;  // empty at the end
};

bool is_word_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

/// The sign that ends what `c` begins, of identifiers and strings; 0 of others.
char closing_quote(char c) {
  if (c == '[') return ']';
  return c == '"' || c == '\'' || c == '`' ? c : '\0';
}

/// Behind spaces and comments from `at` on.
size_t token_begin(std::string_view sql, size_t at) {
  while (at < sql.size()) {
    if (sql.substr(at).starts_with("--")) {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at).starts_with("/*")) {
      const size_t end = sql.find("*/", at + 2);
      at = end == std::string_view::npos ? sql.size() : end + 2;
    } else if (std::string_view(" \t\n\r\f").find(sql[at]) != std::string_view::npos) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

Token next_token(std::string_view sql, size_t at) {
  const size_t begin = token_begin(sql, at);
  if (begin >= sql.size()) return {sql.size(), {}};
  size_t end = begin + 1;
  if (const char quote = closing_quote(sql[begin])) {
    for (end = sql.find(quote, end); end != std::string_view::npos; end = sql.find(quote, end)) {
      ++end;
      if (quote == ']' || end >= sql.size() || sql[end] != quote) break;
      ++end;  // a doubled one stands for itself
    }
    end = std::min(end, sql.size());
  } else if (is_word_part(sql[begin])) {
    while (end < sql.size() && is_word_part(sql[end])) ++end;
  }
  return {begin, sql.substr(begin, end - begin)};
}

/// The name that the token is, folded.
std::string name_of(std::string_view token) {
  const char quote = token.empty() ? '\0' : closing_quote(token[0]);
  if (quote == '\0' || token.size() < 2) return ascii_folded(std::string(token));
  std::string name;
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    name += token[i];
    if (token[i] == quote && token[i + 1] == quote) ++i;
  }
  return ascii_folded(std::move(name));
}

const TypeChange* change_of(const std::vector<TypeChange>& changes, std::string_view column,
                            std::string_view type) {
  for (const TypeChange& change : changes) {
    if (ascii_folded(change.column) == name_of(column)) {
      return ascii_folded(change.from) == name_of(type) ? &change : nullptr;
    }
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> columns_with_types(std::string_view definition,
                                              const std::vector<TypeChange>& changes) {
  size_t at = 0;
  const auto next = [&] {
    const Token token = next_token(definition, at);
    at = token.begin + token.text.size();
    return token;
  };
  if (name_of(next().text) != "create" || name_of(next().text) != "table") return std::nullopt;
  next();  // the table's name
  size_t copied = next_token(definition, at).begin;
  std::string out;
  size_t changed = 0;
  int depth = 0;
  bool begins = false;  // the next token is the first one of a column or constraint
  for (Token token = next(); !token.text.empty(); token = next()) {
    if (begins) {
      const Token type = next_token(definition, at);
      if (const TypeChange* const change = change_of(changes, token.text, type.text)) {
        out.append(definition.substr(copied, type.begin - copied)).append(change->to);
        copied = type.begin + type.text.size();
        ++changed;
      }
    }
    depth += token.text == "(" ? 1 : token.text == ")" ? -1 : 0;
    begins = depth == 1 && (token.text == "(" || token.text == ",");
  }
  if (depth != 0 || changed != changes.size()) return std::nullopt;
  return out.append(definition.substr(copied));
}

bool has_check(std::string_view definition) {
  Token token = next_token(definition, 0);
  while (!token.text.empty()) {
    const Token next = next_token(definition, token.begin + token.text.size());
    // Unquoted: a column may be called so.
    if (ascii_folded(std::string(token.text)) == "check" && next.text == "(") return true;
    token = next;
  }
  return false;
}

std::string in_main(const std::string& definition) {
  // SQLite writes the words before the name itself: one space apart, without a schema.
  for (const std::string_view words :
       {"CREATE INDEX ", "CREATE UNIQUE INDEX ", "CREATE TRIGGER "}) {
    if (!definition.starts_with(words)) continue;
    return std::string(words).append("main.").append(definition.substr(words.size()));
  }
  return definition;
}

}  // namespace ringsync
