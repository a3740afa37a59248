// What every page of Arrow columns is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../unit/sink/arrow_problem.h"
#include "fuzz.h"

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
  const std::string problem = arrow_problem(fields, page);
  check(problem.empty(), problem);
}

}  // namespace ringsync::fuzz
