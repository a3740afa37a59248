// Which type of Fivetran's each column of a table becomes, and by what rules its cells do: the CQL
// type and the user's choices put together (docs/types.md). Once a table, before its first page.
// Thread rule: pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/fivetran_type.h"
#include "model/table.h"
#include "sink/cell_policy.h"

namespace ringsync {

/// What a user chose of types.
struct FivetranEncoding {
  TypeMapping mapping = TypeMapping::kCompatible;
  OnUnrepresentable on_unrepresentable = OnUnrepresentable::kFail;
  /// `decimal_types`: which decimal and varint columns become fixed-point numbers. Called with the
  /// names of table and column, by any thread that makes an encoder; may be empty.
  std::function<std::optional<DecimalSize>(const std::string&, const std::string&)> decimal_size =
      {};
};

struct FivetranColumn : CellPolicy {
  FivetranType type;

  /// The error for a cell that became no value and was not allowed to be null.
  Error cell_failure(Decoded outcome) const;
};

/// The table's columns in their order. Errors, naming table and column: kUnsupportedType for a type
/// that Ringsync does not know, kConfig for a decimal size that the column cannot take.
Result<std::vector<FivetranColumn>> fivetran_columns(const Table& table,
                                                     const FivetranEncoding& encoding);

}  // namespace ringsync
