// Pieces of SQL that all databases spell alike, and the shape of a destination table.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sink/arrow/arrow_type.h"

namespace ringsync {

/// A column of a destination table.
struct TargetColumn {
  std::string name;
  ArrowType type;
  bool is_key = false;
  /// The destination's type where its column has a wider one than `type` needs; else empty.
  std::string stored_type = {};
};

/// What the SQL texts need of a destination table: columns are the source's in order, then
/// _fivetran_synced and _fivetran_deleted.
struct TargetLayout {
  std::string schema;  // the keyspace
  std::string table;
  std::vector<TargetColumn> columns;
  /// The destination's table has columns besides these: dropped at the source, or its owner's.
  bool has_other_columns = false;
};

inline constexpr std::string_view kSyncedColumn = "_fivetran_synced";
inline constexpr std::string_view kDeletedColumn = "_fivetran_deleted";

/// `text` as an SQL string literal.
std::string literal(std::string_view text);

/// Microseconds since 1970-01-01T00:00:00Z as "YYYY-MM-DD<separator>hh:mm:ss.ffffff", in UTC.
std::string instant_text(int64_t us, char separator);

/// One part for each column, or for each key column, with `separator` between them.
std::string joined(const TargetLayout& layout,
                   const std::function<std::string(size_t, const TargetColumn&)>& part,
                   std::string_view separator, bool keys_only = false);

/// The column's name, quoted.
std::string column_name(size_t index, const TargetColumn& column);
/// The column's name in a staging table: c0, c1, … in layout order, so that no source name can
/// collide with the pseudo-column that tells the order of arrival.
std::string staged_name(size_t index, const TargetColumn& column);
/// `value`, of type `from`, as one of the destination's type `to`. Of every database the same, also
/// of one whose booleans are numbers.
std::string converted(const std::string& value, ArrowKind from, const std::string& to);
/// The staged value, converted to the type of the destination's column where that is another one.
std::string staged_value(size_t index, const TargetColumn& column);

}  // namespace ringsync
