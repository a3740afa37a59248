// From a table's plan to the shape of its destination table, with the names that cannot be.
// Private to sink/adbc. Thread rule: pure functions.
#pragma once

#include <string>

#include "model/table_plan.h"
#include "sink/adbc/dialect.h"
#include "sink/adbc/sql.h"
#include "sink/arrow/arrow_encoding.h"

namespace ringsync {

/// Columns of the destination table for `plan`. Errors: kUnsupportedType, or kNameCollision where
/// names collide, are taken or are too long.
Result<TargetLayout> plan_layout(const TablePlan& plan, const Dialect& dialect,
                                 const ArrowEncoding& encoding);

/// An error that names the table.
Error table_error(ErrorCode code, const TargetLayout& layout, const std::string& what);

}  // namespace ringsync
