// Which Arrow type each column of a table becomes: the CQL type, the user's choices and what the
// destination can hold, put together (docs/types.md). Once a table, before its first page.
// Thread rule: pure functions.
#pragma once

#include <vector>

#include "base/result.h"
#include "model/table.h"
#include "sink/arrow/arrow_encoding.h"
#include "sink/arrow/arrow_type.h"

namespace ringsync {

/// The types of the table's columns, in their order. Errors, naming table and column:
/// kUnsupportedType for a type that Ringsync does not know, kNameCollision for a user-defined type
/// whose fields are one name in a struct and for a name with U+0000, kConfig for a decimal size
/// that the column cannot take.
Result<std::vector<ArrowType>> arrow_types(const Table& table, const ArrowEncoding& encoding);

}  // namespace ringsync
