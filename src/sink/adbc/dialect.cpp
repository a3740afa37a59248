#include "sink/adbc/dialect.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "model/table.h"

namespace ringsync {
namespace {

// Of those that a database calls by one name, the widest first.
constexpr std::array<ArrowKind, 14> kPlainKinds = {
    ArrowKind::kInt64,   ArrowKind::kInt32,     ArrowKind::kInt16, ArrowKind::kInt8,
    ArrowKind::kDouble,  ArrowKind::kFloat,     ArrowKind::kText,  ArrowKind::kBinary,
    ArrowKind::kBoolean, ArrowKind::kTimestamp, ArrowKind::kDate,  ArrowKind::kTime,
    ArrowKind::kUuid,    ArrowKind::kJson};

/// Width in bytes of an integer kind, else 0.
int integer_width(ArrowKind kind) {
  switch (kind) {
    case ArrowKind::kInt8: return 1;
    case ArrowKind::kInt16: return 2;
    case ArrowKind::kInt32: return 4;
    case ArrowKind::kInt64: return 8;
    default: return 0;
  }
}

/// Types whose text says all and says it in one way.
bool has_exact_text(ArrowKind kind) {
  return integer_width(kind) > 0 || kind == ArrowKind::kDecimal128 || kind == ArrowKind::kBoolean ||
         kind == ArrowKind::kUuid || kind == ArrowKind::kDate || kind == ArrowKind::kJson;
}

/// True where each value of `narrow` has an equal one in `wide`.
bool holds(const ArrowType& wide, const ArrowType& narrow) {
  const int integer = integer_width(narrow.kind);
  switch (wide.kind) {
    case ArrowKind::kInt16:
    case ArrowKind::kInt32:
    case ArrowKind::kInt64: return integer > 0 && integer <= integer_width(wide.kind);
    case ArrowKind::kFloat: return integer > 0 && integer <= 2;
    case ArrowKind::kDouble:
      return narrow.kind == ArrowKind::kFloat || (integer > 0 && integer <= 4);
    case ArrowKind::kDecimal128:
      return narrow.kind == ArrowKind::kDecimal128 && narrow.scale <= wide.scale &&
             narrow.precision - narrow.scale <= wide.precision - wide.scale;
    case ArrowKind::kText: return has_exact_text(narrow.kind);
    default: return false;
  }
}

/// The p and s of "name(p,s)".
std::optional<ArrowType> decimal_called(const std::string& name) {
  const size_t open = name.find('(');
  const size_t comma = name.find(',');
  if (open == std::string::npos || comma == std::string::npos) return std::nullopt;
  ArrowType type(ArrowKind::kDecimal128);
  std::from_chars(name.data() + open + 1, name.data() + comma, type.precision);
  std::from_chars(name.data() + comma + 1, name.data() + name.size(), type.scale);
  return type;
}

}  // namespace

std::optional<std::string_view> Dialect::owner_of_table(const std::string&) const {
  return std::nullopt;
}

std::optional<ArrowType> Dialect::type_called(const std::string& name) const {
  for (const ArrowKind kind : kPlainKinds) {
    if (type_name({"", kind}) == name) return ArrowType(kind);
  }
  auto decimal = decimal_called(name);
  if (decimal && type_name({"", *decimal}) == name) return decimal;
  return std::nullopt;
}

ColumnFit Dialect::fit(const std::string& existing_type, const TargetColumn& column) const {
  if (existing_type == type_name(column)) return ColumnFit::kSame;
  const auto existing = type_called(existing_type);
  if (!existing) return ColumnFit::kNone;
  if (holds(*existing, column.type)) return ColumnFit::kWider;
  return holds(column.type, *existing) ? ColumnFit::kAlter : ColumnFit::kNone;
}

std::string Dialect::create_schema_sql(const std::string& schema) const {
  return "CREATE SCHEMA " + quoted(schema);
}

std::string Dialect::row_count_sql(const TargetLayout& layout) const {
  return "SELECT count(*) FROM " + table_name(layout);
}

std::string Dialect::has_rows_sql(const TargetLayout& layout) const {
  return fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1) AS first_row",
                     table_name(layout));
}

std::string Dialect::column_definitions(const TargetLayout& layout) const {
  return joined(
      layout,
      [this](size_t, const TargetColumn& column) {
        return quoted(column.name) + " " + type_name(column);
      },
      ", ");
}

std::string Dialect::add_column_sql(const TargetLayout& layout, const TargetColumn& column) const {
  return fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table_name(layout), quoted(column.name),
                     type_name(column));
}

Result<std::vector<std::string>> Dialect::alter_columns_sql(
    const TargetLayout& layout, const std::vector<ColumnChange>& changes,
    const std::vector<TextRow>&) const {
  std::vector<std::string> statements;
  for (const auto& [column, existing_type] : changes) {
    statements.push_back(fmt::format("ALTER TABLE {} ALTER COLUMN {} TYPE {}", table_name(layout),
                                     quoted(column.name), type_name(column)));
  }
  return statements;
}

std::string Dialect::create_stage_sql(const TargetLayout& layout, const std::string& stage) const {
  return fmt::format("CREATE TEMP TABLE {} ({})", stage_name(stage),
                     joined(
                         layout,
                         [this](size_t i, const TargetColumn& column) {
                           return fmt::format("c{} {}", i, type_name(column));
                         },
                         ", "));
}

std::string Dialect::drop_stage_sql(const std::string& stage) const {
  return "DROP TABLE " + stage_name(stage);
}

std::string Dialect::keys_match(const TargetLayout& layout, std::string_view alias) {
  return joined(
      layout,
      [alias](size_t i, const TargetColumn& column) {
        return fmt::format("{}.{} = {}", alias, quoted(column.name), staged_value(i, column));
      },
      " AND ", true);
}

std::string Dialect::delete_rows_sql(const TargetLayout& layout, const std::string& stage) const {
  const size_t synced = layout.columns.size() - 2;
  return fmt::format("UPDATE {} AS t SET {} = true, {} = s.c{} FROM {} AS s WHERE {} AND s.c{}",
                     table_name(layout), kDeletedColumn, kSyncedColumn, synced, stage_name(stage),
                     keys_match(layout, "t"), synced + 1);
}

std::string Dialect::drop_staged_deletes_sql(const TargetLayout& layout,
                                             const std::string& stage) const {
  return fmt::format("DELETE FROM {} WHERE c{}", stage_name(stage), layout.columns.size() - 1);
}

std::string Dialect::sweep_sql(const TargetLayout& layout, int64_t run_started_us) const {
  return fmt::format(
      "UPDATE {0} SET {1} = true, {2} = {3} "
      "WHERE {1} IS NOT TRUE AND ({2} < {3} OR {2} IS NULL)",
      table_name(layout), kDeletedColumn, kSyncedColumn, instant_literal(run_started_us));
}

std::string Dialect::load_state_sql(const std::string& source) const {
  return fmt::format("SELECT sequence, state FROM {} WHERE source = {}", state_table(),
                     literal(source));
}

std::string Dialect::insert_state_sql(const std::string& source, uint64_t sequence,
                                      std::string_view state, int64_t now_us) const {
  return fmt::format(
      "INSERT INTO {} (source, sequence, state, written_at) VALUES ({}, {}, {}, {}) "
      "ON CONFLICT (source) DO NOTHING",
      state_table(), literal(source), sequence, literal(state), instant_literal(now_us));
}

std::string Dialect::update_state_sql(const std::string& source, uint64_t expected_sequence,
                                      uint64_t sequence, std::string_view state,
                                      int64_t now_us) const {
  return fmt::format(
      "UPDATE {} SET sequence = {}, state = {}, written_at = {} WHERE source = {} AND sequence = "
      "{}",
      state_table(), sequence, literal(state), instant_literal(now_us), literal(source),
      expected_sequence);
}

}  // namespace ringsync
