#include "sink/adbc/sql.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "model/table.h"

namespace ringsync {

std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
  return out;
}

std::string instant_text(int64_t us, char separator) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(us)};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto parts = fmt::gmtime(std::chrono::system_clock::to_time_t(seconds));
  return fmt::format("{:%Y-%m-%d}{}{:%H:%M:%S}.{:06}", parts, separator, parts,
                     (time - seconds).count());
}

std::string joined(const TargetLayout& layout,
                   const std::function<std::string(size_t, const TargetColumn&)>& part,
                   std::string_view separator, bool keys_only) {
  std::string out;
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    if (keys_only && !layout.columns[i].is_key) continue;
    if (!out.empty()) out += separator;
    out += part(i, layout.columns[i]);
  }
  return out;
}

std::string column_name(size_t, const TargetColumn& column) { return quoted(column.name); }

std::string staged_name(size_t index, const TargetColumn&) { return fmt::format("c{}", index); }

std::string converted(const std::string& value, ArrowKind from, const std::string& to) {
  // What holds booleans besides their own type is text.
  if (from == ArrowKind::kBoolean) {
    return fmt::format("CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END", value);
  }
  return fmt::format("CAST({} AS {})", value, to);
}

std::string staged_value(size_t index, const TargetColumn& column) {
  const std::string value = fmt::format("s.c{}", index);
  return column.stored_type.empty() ? value
                                    : converted(value, column.type.kind, column.stored_type);
}

}  // namespace ringsync
