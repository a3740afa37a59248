// JsonWriter: cells of collections, tuples, user-defined types and vectors as JSON text (RFC 8259),
// the mapping of docs/types.md. Chosen once a column; a cell is walked once. Thread rule: immutable
// once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/scalar.h"
#include "model/cql_type.h"

namespace ringsync {

/// What the text must hold up to.
struct JsonRules {
  /// Cells that differ give texts that differ, as a key column needs: a value that shares its text
  /// with another is kUnrepresentable.
  bool is_key = false;
  /// Trailing fields that a tuple or user-defined type lacks are left out; else they are null. In a
  /// partition key a field that is missing and one that is null make two partitions; as a
  /// clustering key they are one row.
  bool leaves_out_missing = false;
  /// U+0000 may stand in a text (escaped).
  bool holds_nul = true;
};

class JsonWriter {
 public:
  /// Compiles `type`, whose children are as parse_type_option() bounds them in depth.
  JsonWriter(const CqlType& type, JsonRules rules);

  /// Appends the cell's value. Where the outcome is not kValue, `out` may have got part of it, for
  /// the caller to cut off. kNull also for no bytes where the type cannot have none. Sources:
  /// native_protocol_v4.spec section 6 ("list", "map", "set", "tuple") and section 7 "User Defined
  /// Types"; for vectors nested_reader.h.
  Decoded append(CellView cell, std::string& out) const { return append_value(root_, cell, out); }

 private:
  struct Node {
    TypeKind kind = TypeKind::kCustom;
    uint16_t dimensions = 0;           // vector
    std::optional<size_t> fixed_size;  // vector: of its elements
    std::vector<Node> children;
    std::vector<std::string> labels;  // user-defined type: "name": of each field
    bool has_nul_label = false;       // a name has U+0000 in it
  };

  static Node compile(const CqlType& type);
  Decoded append_value(const Node& node, CellView cell, std::string& out) const;
  Decoded append_element(const Node& node, CellView cell, std::string& out) const;
  Decoded append_scalar_value(TypeKind kind, CellView cell, std::string& out) const;
  Decoded append_text(CellView cell, std::string& out) const;
  Decoded append_list(const Node& node, CellView cell, std::string& out) const;
  Decoded append_map(const Node& node, CellView cell, std::string& out) const;
  Decoded append_map_key(TypeKind kind, CellView cell, std::string& out) const;
  Decoded append_vector(const Node& node, CellView cell, std::string& out) const;
  Decoded append_fields(const Node& node, CellView cell, std::string& out) const;

  Node root_;
  JsonRules rules_;
};

/// Appends `text`, which is valid UTF-8, as a JSON string.
void append_json_string(std::string_view text, std::string& out);

}  // namespace ringsync
