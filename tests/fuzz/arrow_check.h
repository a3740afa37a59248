// Whether a page of Arrow columns is one: looked at by nanoarrow, which did not make it.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "fuzz.h"
#include "nanoarrow/nanoarrow.h"
#include "sink/arrow/arrow_export.h"

namespace ringsync::fuzz {

/// Every text in the column, and in what lies inside it.
inline void check_texts(const ArrowField& field, const ArrowColumn& column) {
  const ArrowKind kind = field.type.kind;
  if (kind == ArrowKind::kText || kind == ArrowKind::kJson) {
    check_text(as_text({column.data.data(), column.data.size()}), "texts are UTF-8");
  }
  // A map's children lie in its entries.
  const auto& children = kind == ArrowKind::kMap ? column.children[0].children : column.children;
  for (size_t i = 0; i < children.size(); ++i) check_texts(field.type.children[i], children[i]);
}

/// Ends the program where offsets, lengths, bits or texts are not as Arrow has them.
inline void check_page(const std::vector<ArrowField>& fields,
                       const std::shared_ptr<const ArrowPage>& page) {
  for (size_t i = 0; i < fields.size(); ++i) check_texts(fields[i], page->columns()[i]);
  ArrowSchema schema{};
  check(export_schema(fields, &schema).ok(), "a table has an Arrow schema");
  ArrowArray array{};
  export_slice(page, 0, page->row_count(), std::make_shared<const std::vector<ArrowColumn>>(),
               &array);
  ArrowArrayView view;
  ArrowError error{};
  const bool is_valid =
      ArrowArrayViewInitFromSchema(&view, &schema, &error) == NANOARROW_OK &&
      ArrowArrayViewSetArray(&view, &array, &error) == NANOARROW_OK &&
      ArrowArrayViewValidate(&view, NANOARROW_VALIDATION_LEVEL_FULL, &error) == NANOARROW_OK;
  check(is_valid, error.message);
  ArrowArrayViewReset(&view);
  array.release(&array);
  schema.release(&schema);
}

}  // namespace ringsync::fuzz
