// Rows of a page as Python dicts, one a row, as the Connector SDK's operations take them. With the
// GIL only.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <vector>

#include "python/core/date_objects.h"
#include "python/core/row_page.h"

namespace ringsync::python {

/// Makes the dicts of one table.
class RowDicts {
 public:
  explicit RowDicts(const std::vector<FivetranColumn>& columns);

  /// The row with every column, in the table's order. Values: bool, int, float, str, bytes,
  /// datetime.date, datetime.datetime in UTC, what json.loads makes of JSON, and str for DECIMAL.
  /// Throws nb::python_error.
  nanobind::object make(const RowPage& page, uint32_t row) const;

 private:
  nanobind::object value(const RowColumn& column, FivetranKind kind, uint32_t row) const;

  std::vector<FivetranKind> kinds_;
  std::vector<nanobind::object> names_;  // interned: a dict finds them by their address
  nanobind::object empty_row_;           // every column as None; copied, a dict never grows
  DateObjects dates_;
  nanobind::object loads_;
};

}  // namespace ringsync::python
