#include "cql/json_text.h"

#include "cql/nested_reader.h"
#include "cql/number_text.h"
#include "cql/scalar_text.h"
#include "cql/utf8.h"

namespace ringsync {
namespace {

/// Kinds whose JSON value is a number, true or false.
bool is_bare(TypeKind kind) {
  switch (kind) {
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kCounter:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kBoolean: return true;
    default: return false;
  }
}

/// NaN and the infinities, which JSON has no numbers for.
bool is_non_finite(std::string_view number) {
  const char last = number.back();
  return last == 'N' || last == 'y';
}

void append_escape(char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += "\\u00";
  out += kDigits[static_cast<unsigned char>(c) >> 4];
  out += kDigits[static_cast<unsigned char>(c) & 15];
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  size_t clean_from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out += text.substr(clean_from, i - clean_from);
    append_escape(c, out);
    clean_from = i + 1;
  }
  out += text.substr(clean_from);
  out += '"';
}

JsonWriter::JsonWriter(const CqlType& type, JsonRules rules)
    : root_(compile(type)), rules_(rules) {}

JsonWriter::Node JsonWriter::compile(const CqlType& type) {
  Node node;
  node.kind = type.kind;
  node.dimensions = type.dimensions;
  for (const CqlType& child : type.children) node.children.push_back(compile(child));
  for (const std::string& name : type.field_names) {
    node.has_nul_label = node.has_nul_label || has_nul(name);
    append_json_string(name, node.labels.emplace_back());
    node.labels.back() += ':';
  }
  if (type.kind == TypeKind::kVector) node.fixed_size = vector_element_size(type.children[0]);
  return node;
}

Decoded JsonWriter::append_value(const Node& node, CellView cell, std::string& out) const {
  if (is_scalar(node.kind)) return append_scalar_value(node.kind, cell, out);
  if (cell.size() == 0) return Decoded::kNull;
  switch (node.kind) {
    case TypeKind::kList:
    case TypeKind::kSet: return append_list(node, cell, out);
    case TypeKind::kMap: return append_map(node, cell, out);
    case TypeKind::kVector: return append_vector(node, cell, out);
    case TypeKind::kTuple:
    case TypeKind::kUdt: return append_fields(node, cell, out);
    default: return Decoded::kMalformed;
  }
}

Decoded JsonWriter::append_element(const Node& node, CellView cell, std::string& out) const {
  const Decoded outcome = append_value(node, cell, out);
  if (outcome != Decoded::kNull) return outcome;
  // Of a key no bytes, and a null of another length, would have the plain null's text.
  if (rules_.is_key && !cell.is_plain_null()) return Decoded::kUnrepresentable;
  out += "null";
  return Decoded::kValue;
}

Decoded JsonWriter::append_text(CellView cell, std::string& out) const {
  if (cell.is_null()) return Decoded::kNull;
  const std::string_view text = as_text(cell.bytes());
  if (!is_utf8(text)) return Decoded::kMalformed;
  if (!rules_.holds_nul && has_nul(text)) return Decoded::kUnrepresentable;
  append_json_string(text, out);
  return Decoded::kValue;
}

Decoded JsonWriter::append_scalar_value(TypeKind kind, CellView cell, std::string& out) const {
  if (kind == TypeKind::kText || kind == TypeKind::kAscii) return append_text(cell, out);
  const bool is_quoted = !is_bare(kind);
  const size_t start = out.size();
  if (is_quoted) out += '"';
  const Decoded outcome = rules_.is_key && kind == TypeKind::kDecimal
                              ? append_decimal_key(cell, out)
                              : append_scalar(kind, cell, out);
  if (outcome != Decoded::kValue) {
    out.resize(start);
    return outcome;
  }
  if (rules_.is_key && !is_canonical(kind, cell)) return Decoded::kUnrepresentable;
  if (is_quoted) {
    out += '"';
  } else if (is_non_finite(std::string_view(out).substr(start))) {
    out.insert(start, 1, '"');
    out += '"';
  }
  return outcome;
}

Decoded JsonWriter::append_list(const Node& node, CellView cell, std::string& out) const {
  NestedReader reader(cell);
  uint32_t count = 0;
  if (!reader.read_count(1, count)) return Decoded::kMalformed;
  out += '[';
  for (uint32_t i = 0; i < count; ++i) {
    CellView element;
    if (!reader.read_value(element)) return Decoded::kMalformed;
    if (i > 0) out += ',';
    const Decoded outcome = append_element(node.children[0], element, out);
    if (outcome != Decoded::kValue) return outcome;
  }
  out += ']';
  return reader.at_end() ? Decoded::kValue : Decoded::kMalformed;
}

Decoded JsonWriter::append_map_key(TypeKind kind, CellView cell, std::string& out) const {
  if (kind == TypeKind::kText || kind == TypeKind::kAscii) return append_text(cell, out);
  const size_t start = out.size();
  out += '"';
  const Decoded outcome = append_scalar(kind, cell, out);
  // No value of these types has an empty text, so that it is free for a key without bytes.
  if (outcome == Decoded::kNull) out.resize(start + 1);
  out += '"';
  if (outcome == Decoded::kNull) return Decoded::kValue;
  if (outcome != Decoded::kValue) return outcome;
  return is_canonical(kind, cell) ? Decoded::kValue : Decoded::kUnrepresentable;
}

Decoded JsonWriter::append_map(const Node& node, CellView cell, std::string& out) const {
  const Node& key_node = node.children[0];
  const bool is_object = is_scalar(key_node.kind);
  NestedReader reader(cell);
  uint32_t count = 0;
  if (!reader.read_count(2, count)) return Decoded::kMalformed;
  out += is_object ? '{' : '[';
  for (uint32_t i = 0; i < count; ++i) {
    CellView key;
    CellView value;
    if (!reader.read_value(key) || !reader.read_value(value)) return Decoded::kMalformed;
    if (key.is_null()) return Decoded::kMalformed;
    if (i > 0) out += ',';
    if (!is_object) out += '[';
    const Decoded named =
        is_object ? append_map_key(key_node.kind, key, out) : append_element(key_node, key, out);
    if (named != Decoded::kValue) return named;
    out += is_object ? ':' : ',';
    const Decoded outcome = append_element(node.children[1], value, out);
    if (outcome != Decoded::kValue) return outcome;
    if (!is_object) out += ']';
  }
  out += is_object ? '}' : ']';
  return reader.at_end() ? Decoded::kValue : Decoded::kMalformed;
}

Decoded JsonWriter::append_vector(const Node& node, CellView cell, std::string& out) const {
  NestedReader reader(cell);
  out += '[';
  for (uint32_t i = 0; i < node.dimensions; ++i) {
    CellView element;
    if (!reader.read_vector_element(node.fixed_size, element)) return Decoded::kMalformed;
    if (i > 0) out += ',';
    const Decoded outcome = append_element(node.children[0], element, out);
    if (outcome != Decoded::kValue) return outcome;
  }
  out += ']';
  return reader.at_end() ? Decoded::kValue : Decoded::kMalformed;
}

Decoded JsonWriter::append_fields(const Node& node, CellView cell, std::string& out) const {
  const bool is_object = node.kind == TypeKind::kUdt;
  if (node.has_nul_label && !rules_.holds_nul) return Decoded::kUnrepresentable;
  NestedReader reader(cell);
  out += is_object ? '{' : '[';
  for (size_t i = 0; i < node.children.size(); ++i) {
    CellView field;
    const bool is_missing = reader.at_end();
    if (is_missing && rules_.leaves_out_missing) break;
    if (!is_missing && !reader.read_value(field)) return Decoded::kMalformed;
    if (i > 0) out += ',';
    if (is_object) out += node.labels[i];
    const Decoded outcome = append_element(node.children[i], field, out);
    if (outcome != Decoded::kValue) return outcome;
  }
  out += is_object ? '}' : ']';
  return reader.at_end() ? Decoded::kValue : Decoded::kMalformed;
}

}  // namespace ringsync
