// Whether a page of Arrow columns is one: looked at by nanoarrow, which did not make it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nanoarrow/nanoarrow.h"
#include "sink/arrow/arrow_export.h"

namespace ringsync {

/// What nanoarrow finds wrong with the page, its every offset and length looked at; empty where
/// nothing is.
inline std::string arrow_problem(const std::vector<ArrowField>& fields,
                                 const std::shared_ptr<const ArrowPage>& page) {
  ArrowSchema schema{};
  if (!export_schema(fields, &schema).ok()) return "no schema";
  ArrowArray array{};
  export_slice(page, 0, page->row_count(), std::make_shared<const std::vector<ArrowColumn>>(),
               &array);
  ArrowArrayView view;
  ArrowError error{};
  const bool is_valid =
      ArrowArrayViewInitFromSchema(&view, &schema, &error) == NANOARROW_OK &&
      ArrowArrayViewSetArray(&view, &array, &error) == NANOARROW_OK &&
      ArrowArrayViewValidate(&view, NANOARROW_VALIDATION_LEVEL_FULL, &error) == NANOARROW_OK;
  ArrowArrayViewReset(&view);
  array.release(&array);
  schema.release(&schema);
  return is_valid ? "" : std::string("invalid: ") + error.message;
}

}  // namespace ringsync
