// NestedReader: the elements of a collection, tuple, user-defined type or vector cell, in place and
// each once. A nested cell's page is walked by one reader a level; nothing is allocated. Used by
// every encoder of nested types. Thread rule: a reader belongs to one thread; views live as long as
// the page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "cql/page_view.h"
#include "cql/vint.h"
#include "model/cql_type.h"

namespace ringsync {

class NestedReader {
 public:
  explicit NestedReader(CellView cell) : rest_(cell.bytes()) {}

  /// The [int] n in front of a list's or set's elements, or of a map's pairs; `values_each`: values
  /// that follow for each. False where it is negative or the bytes that follow cannot hold so many.
  /// Source: native_protocol_v4.spec sections 6.11 "list", 6.12 "map" and 6.13 "set".
  bool read_count(uint32_t values_each, uint32_t& count) {
    if (rest_.size() < 4) return false;
    count = load_be32(rest_.data());
    rest_ = rest_.subspan(4);
    return count <= rest_.size() / (size_t{4} * values_each);
  }

  /// One [bytes]: an int length, negative for null, and so many bytes. An element of a list, set,
  /// map or tuple (section 6.20), or a field of a user-defined type (section 7).
  bool read_value(CellView& out) {
    if (rest_.size() < 4) return false;
    const auto size = static_cast<int32_t>(load_be32(rest_.data()));
    rest_ = rest_.subspan(4);
    if (size < 0) {
      out = CellView(nullptr, size);
      return true;
    }
    return take(static_cast<size_t>(size), out);
  }

  /// One element of a vector: `fixed_size` bytes, or where there is none an [unsigned vint] length
  /// and so many bytes. Source: Cassandra's VectorType, FixedLengthSerializer and
  /// VariableLengthSerializer.
  bool read_vector_element(std::optional<size_t> fixed_size, CellView& out) {
    if (fixed_size) return take(*fixed_size, out);
    uint64_t size = 0;
    return read_unsigned_vint(rest_, size) && take(size, out);
  }

  bool at_end() const { return rest_.empty(); }

 private:
  bool take(uint64_t size, CellView& out) {
    if (size > rest_.size() || size > std::numeric_limits<int32_t>::max()) return false;
    out = CellView(rest_.data(), static_cast<int32_t>(size));
    rest_ = rest_.subspan(size);
    return true;
  }

  Bytes rest_;
};

/// Bytes of each element of a vector with elements of `type`, or nothing where they differ: what
/// Cassandra's AbstractType.valueLengthIfFixed() says, which knows no fixed size for tinyint,
/// smallint, date and time.
std::optional<size_t> vector_element_size(const CqlType& type);

}  // namespace ringsync
