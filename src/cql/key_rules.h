// Keys whose bytes differ and whose destination values are equal. Thread rule: pure function.
#pragma once

#include "cql/scalar_text.h"

namespace ringsync {

/// True where another cell of this kind becomes a value that a destination takes for the same:
/// beside what is_canonical() says, zeros of both signs are equal there, and DuckDB's compressed
/// storage does not keep the sign. The cell decodes.
inline bool merges_with_another(TypeKind kind, CellView cell) {
  constexpr uint32_t kNegativeZeroFloat = 0x8000'0000U;
  constexpr uint64_t kNegativeZeroDouble = 0x8000'0000'0000'0000U;
  if (kind == TypeKind::kFloat && load_be32(cell.data()) == kNegativeZeroFloat) return true;
  if (kind == TypeKind::kDouble && load_be64(cell.data()) == kNegativeZeroDouble) return true;
  return !is_canonical(kind, cell);
}

}  // namespace ringsync
