// CellPolicy: what becomes of a column's cells that are no value in the destination. One rule for
// all sinks: keys are never NULL nor lossy, nothing is dropped in silence. Thread rule: immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cql/scalar.h"
#include "model/table.h"

namespace ringsync {

/// What becomes of a value that the destination's type cannot hold (`on_unrepresentable`).
enum class OnUnrepresentable : uint8_t {
  kFail,  // its table fails
  kNull,  // it becomes NULL and is counted; in key columns its table fails all the same
};

struct CellPolicy {
  std::string table;  // "keyspace"."table"
  Column column;
  bool is_key = false;
  OnUnrepresentable on_unrepresentable = OnUnrepresentable::kFail;

  /// True where a cell that became no value is NULL in the destination; counts in `nulled` what had
  /// a value all the same.
  bool becomes_null(Decoded outcome, uint32_t& nulled) const {
    if (is_key) return false;
    if (outcome == Decoded::kNull) return true;
    if (outcome != Decoded::kUnrepresentable || on_unrepresentable != OnUnrepresentable::kNull) {
      return false;
    }
    ++nulled;
    return true;
  }

  /// The error for a cell that became no value and was not allowed to be null. `type_remedy`: what
  /// helps against an unrepresentable value of this column's type, as sentences; may be empty.
  Error failure(Decoded outcome, std::string_view type_remedy) const;
};

/// `type_remedy` of a column that decimal_types made DECIMAL(p,s).
std::string decimal_remedy(DecimalSize size);

/// How errors name a column: table, name and type.
std::string column_place(const std::string& table, const Column& column);
std::string column_place(const Table& table, const Column& column);

/// kUnsupportedType, naming the first column whose type Ringsync does not know, wholly or inside.
Status check_types_are_known(const Table& table);

}  // namespace ringsync
