// Nested cells that are malformed, cut or damaged: what every reader of nested types must refuse,
// or read without going past the end of the cell.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "nested_bytes.h"

namespace ringsync {

struct NestedCell {
  CqlType type;
  std::string bytes;
};

/// Counts, lengths and sizes that do not fit the cell or its type.
inline std::vector<NestedCell> malformed_cells() {
  const CqlType number = typed(TypeKind::kInt);
  const CqlType text = typed(TypeKind::kText);
  const CqlType list = typed(TypeKind::kList, {number});
  const CqlType map = typed(TypeKind::kMap, {number, number});
  const CqlType tuple = typed(TypeKind::kTuple, {number});
  const std::string one = wire(int32_t{1});
  return {
      {list, from_hex("000000")},
      {list, from_hex("ffffffff")},
      {list, from_hex("7fffffff")},
      {list, from_hex("00000001")},
      {list, from_hex("00000001 00000005 01")},
      {list, from_hex("00000001 00000003 010203")},
      {list, collection_of({one}) + "x"},
      {map, from_hex("00000001 00000004 00000001")},
      {map, collection_of({one, one}, 2) + "x"},
      {map, collection_of({std::nullopt, one}, 2)},
      {tuple, from_hex("0000")},
      {tuple, from_hex("00000002 0001")},
      {tuple, fields_of({one, one})},
      {udt_of({"a"}, {number}), fields_of({one}) + "x"},
      {typed(TypeKind::kList, {text}), collection_of({"\xff"})},
      {vector_of(number, 2), one},
      {vector_of(number, 1), one + "x"},
      {vector_of(text, 2), from_hex("0161")},
      {vector_of(text, 1), from_hex("0561")},
      {vector_of(text, 1), from_hex("ffffffffffffffffff61")},
      {vector_of(text, 1), from_hex("ff")},
  };
}

/// A cell that is malformed wherever it is cut, but for its beginning of no bytes, which is a null.
inline NestedCell cell_to_cut() {
  const CqlType text = typed(TypeKind::kText);
  const CqlType map = typed(TypeKind::kMap, {text, typed(TypeKind::kInt)});
  const std::string entries = collection_of({"key", wire(int32_t{1}), "k2", wire(int32_t{2})}, 2);
  return {typed(TypeKind::kList, {udt_of({"a", "b"}, {map, text})}),
          collection_of({fields_of({entries, "text"}), fields_of({entries, "more"})})};
}

/// A cell of every nested kind, with the scalars whose bytes can be wrong.
inline NestedCell cell_to_damage() {
  const CqlType text = typed(TypeKind::kText);
  const CqlType scalars =
      typed(TypeKind::kTuple,
            {typed(TypeKind::kVarint), typed(TypeKind::kDecimal), typed(TypeKind::kDuration),
             typed(TypeKind::kInet), typed(TypeKind::kFloat), typed(TypeKind::kTime), text});
  const CqlType thing = udt_of({"v", "s"}, {vector_of(text, 2), scalars});
  const std::string fields =
      fields_of({from_hex("0102030405060708090a"), wire(int32_t{2}) + from_hex("0102"),
                 from_hex("020406"), from_hex("7f000001"), wire(1.5F), wire(int64_t{5}), "text é"});
  const std::string element = fields_of({from_hex("02") + "ab" + from_hex("00"), fields});
  return {typed(TypeKind::kMap, {text, typed(TypeKind::kList, {thing})}),
          collection_of({"key", collection_of({element, element}), "k2", collection_of({})}, 2)};
}

/// `count` copies of the bytes, each with one to three of them changed; always the same ones.
inline std::vector<std::string> damaged_copies(const std::string& whole, int count) {
  std::mt19937 random(7);
  std::vector<std::string> copies;
  for (int round = 0; round < count; ++round) {
    std::string& damaged = copies.emplace_back(whole);
    for (uint64_t changes = random() % 3 + 1; changes > 0; --changes) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
  }
  return copies;
}

}  // namespace ringsync
