// Bringing a destination table to its planned shape: made, given new columns and wider types, or
// refused where rows could get lost. Private to sink/adbc. Thread rule: delivering thread only.
#pragma once

#include "sink/adbc/adbc_client.h"
#include "sink/adbc/dialect.h"
#include "sink/adbc/sql.h"

namespace ringsync {

/// How a table was found.
struct FoundTable {
  bool was_created = false;  // there was none
  bool was_empty = false;    // no key can be there already
  bool is_aligned = false;   // its columns are exactly the layout's, in order and type
  uint64_t rows = 0;         // where a merge passes over all of them
};

/// Makes or changes the table, in the present transaction, and notes in `layout` what the
/// destination has otherwise: wider types, columns of its own. Sets `is_table_error` where nothing
/// was changed and other tables can go on.
Result<FoundTable> shape_table(AdbcClient& client, const Dialect& dialect, TargetLayout& layout,
                               bool& is_table_error);

}  // namespace ringsync
