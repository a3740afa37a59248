// Random tables and rows with what Fivetran is to get of them: a value is drawn first, then written
// both as the server would send it and as a member of ValueType. Nothing of the program's own
// decoders of numbers, texts, dates and times is used for either; the text forms of the rarer
// types, which have tests of their own, are taken from src/cql.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "model/fivetran_type.h"
#include "model/table.h"
#include "proto/source_connector.pb.h"

namespace ringsync::testing {

namespace sdk = fivetran_sdk::v2;

struct RandomCell {
  std::optional<std::string> bytes;  // none: null
  sdk::ValueType value;
};

class RandomRows {
 public:
  explicit RandomRows(uint64_t seed) : random_(seed) {}

  /// Columns of random types, one to twenty; the first few are the key. Names are random too: any
  /// characters, and now and then more than 100 bytes.
  Table table();
  /// A cell of the column, never null where it is of the key. The value is that of `type`.
  RandomCell cell(const Column& column, const FivetranType& type, bool is_key);

  uint64_t below(uint64_t limit) { return random_() % limit; }
  std::string utf8_text(size_t characters_max);

 private:
  CqlType scalar_type();
  CqlType type();
  int64_t number();
  std::string random_bytes(size_t size);
  std::string scalar_bytes(TypeKind kind);
  std::string nested_bytes(const CqlType& type);

  std::mt19937_64 random_;
};

}  // namespace ringsync::testing
