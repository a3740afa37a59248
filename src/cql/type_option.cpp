#include "cql/type_option.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cql/utf8.h"

namespace ringsync {
namespace {

constexpr int kDepthMax = 64;

constexpr uint16_t kCustomOption = 0x0000;
constexpr uint16_t kListOption = 0x0020;
constexpr uint16_t kMapOption = 0x0021;
constexpr uint16_t kSetOption = 0x0022;
constexpr uint16_t kUdtOption = 0x0030;
constexpr uint16_t kTupleOption = 0x0031;

std::optional<TypeKind> scalar_kind(uint16_t id) {
  switch (id) {
    case 0x0001: return TypeKind::kAscii;
    case 0x0002: return TypeKind::kBigint;
    case 0x0003: return TypeKind::kBlob;
    case 0x0004: return TypeKind::kBoolean;
    case 0x0005: return TypeKind::kCounter;
    case 0x0006: return TypeKind::kDecimal;
    case 0x0007: return TypeKind::kDouble;
    case 0x0008: return TypeKind::kFloat;
    case 0x0009: return TypeKind::kInt;
    case 0x000A: return TypeKind::kText;  // text's own id in protocol v1 and v2
    case 0x000B: return TypeKind::kTimestamp;
    case 0x000C: return TypeKind::kUuid;
    case 0x000D: return TypeKind::kText;
    case 0x000E: return TypeKind::kVarint;
    case 0x000F: return TypeKind::kTimeuuid;
    case 0x0010: return TypeKind::kInet;
    case 0x0011: return TypeKind::kDate;
    case 0x0012: return TypeKind::kTime;
    case 0x0013: return TypeKind::kSmallint;
    case 0x0014: return TypeKind::kTinyint;
    case 0x0015: return TypeKind::kDuration;
    default: return std::nullopt;
  }
}

uint16_t option_id(TypeKind kind) {
  switch (kind) {
    case TypeKind::kAscii: return 0x0001;
    case TypeKind::kBigint: return 0x0002;
    case TypeKind::kBlob: return 0x0003;
    case TypeKind::kBoolean: return 0x0004;
    case TypeKind::kCounter: return 0x0005;
    case TypeKind::kDecimal: return 0x0006;
    case TypeKind::kDouble: return 0x0007;
    case TypeKind::kFloat: return 0x0008;
    case TypeKind::kInt: return 0x0009;
    case TypeKind::kTimestamp: return 0x000B;
    case TypeKind::kUuid: return 0x000C;
    case TypeKind::kText: return 0x000D;
    case TypeKind::kVarint: return 0x000E;
    case TypeKind::kTimeuuid: return 0x000F;
    case TypeKind::kInet: return 0x0010;
    case TypeKind::kDate: return 0x0011;
    case TypeKind::kTime: return 0x0012;
    case TypeKind::kSmallint: return 0x0013;
    case TypeKind::kTinyint: return 0x0014;
    case TypeKind::kDuration: return 0x0015;
    case TypeKind::kList: return kListOption;
    case TypeKind::kMap: return kMapOption;
    case TypeKind::kSet: return kSetOption;
    case TypeKind::kUdt: return kUdtOption;
    case TypeKind::kTuple: return kTupleOption;
    case TypeKind::kVector: return kVectorOption;
    case TypeKind::kCustom: return kCustomOption;
  }
  return kCustomOption;
}

void append_number(size_t value, std::vector<uint8_t>& out) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

void append_text(std::string_view text, std::vector<uint8_t>& out) {
  append_number(text.size(), out);
  out.insert(out.end(), text.begin(), text.end());
}

CqlType type_of(TypeKind kind, std::string name = {}) {
  CqlType type;
  type.kind = kind;
  type.name = std::move(name);
  return type;
}

class OptionParser {
 public:
  explicit OptionParser(Bytes& bytes) : bytes_(bytes) {}

  Result<CqlType> type(int depth) {
    if (depth > kDepthMax) return malformed("nests too deep");
    RINGSYNC_ASSIGN(const uint16_t id, number());
    if (const auto kind = scalar_kind(id)) return type_of(*kind);
    switch (id) {
      case kCustomOption: return custom();
      case kListOption: return with_children(TypeKind::kList, 1, depth);
      case kMapOption: return with_children(TypeKind::kMap, 2, depth);
      case kSetOption: return with_children(TypeKind::kSet, 1, depth);
      case kUdtOption: return user_type(depth);
      case kTupleOption: return tuple(depth);
      case kVectorOption: return vector(depth);
      default: return type_of(TypeKind::kCustom, fmt::format("type {:#06x}", id));
    }
  }

 private:
  static Error malformed(const char* what) {
    return {ErrorCode::kMalformed, fmt::format("type of a column is malformed: it {}", what)};
  }

  Result<uint16_t> number() {
    if (bytes_.size() < 2) return malformed("ends early");
    const uint16_t value = load_be16(bytes_.data());
    bytes_ = bytes_.subspan(2);
    return value;
  }

  Result<std::string> text() {
    RINGSYNC_ASSIGN(const uint16_t size, number());
    if (bytes_.size() < size) return malformed("ends inside a name");
    std::string value(as_text(bytes_.first(size)));
    bytes_ = bytes_.subspan(size);
    if (!is_utf8(value)) return malformed("has a name that is not UTF-8");
    return value;
  }

  Result<CqlType> custom() {
    RINGSYNC_ASSIGN(std::string name, text());
    return type_of(TypeKind::kCustom, std::move(name));
  }

  Result<CqlType> with_children(TypeKind kind, uint16_t count, int depth) {
    CqlType parsed = type_of(kind);
    for (uint16_t i = 0; i < count; ++i) {
      RINGSYNC_ASSIGN(CqlType child, type(depth + 1));
      parsed.children.push_back(std::move(child));
    }
    return parsed;
  }

  Result<CqlType> tuple(int depth) {
    RINGSYNC_ASSIGN(const uint16_t count, number());
    return with_children(TypeKind::kTuple, count, depth);
  }

  Result<CqlType> vector(int depth) {
    RINGSYNC_ASSIGN(const uint16_t dimensions, number());
    RINGSYNC_ASSIGN(CqlType parsed, with_children(TypeKind::kVector, 1, depth));
    parsed.dimensions = dimensions;
    return parsed;
  }

  Result<CqlType> user_type(int depth) {
    RINGSYNC_TRY(text());  // its keyspace: always the table's own
    RINGSYNC_ASSIGN(std::string name, text());
    CqlType parsed = type_of(TypeKind::kUdt, std::move(name));
    RINGSYNC_ASSIGN(const uint16_t count, number());
    for (uint16_t i = 0; i < count; ++i) {
      RINGSYNC_ASSIGN(std::string field, text());
      RINGSYNC_ASSIGN(CqlType child, type(depth + 1));
      parsed.field_names.push_back(std::move(field));
      parsed.children.push_back(std::move(child));
    }
    return parsed;
  }

  Bytes& bytes_;
};

}  // namespace

Result<CqlType> parse_type_option(Bytes& bytes) { return OptionParser(bytes).type(1); }

void append_type_option(const CqlType& type, std::string_view keyspace, std::vector<uint8_t>& out) {
  append_number(option_id(type.kind), out);
  switch (type.kind) {
    case TypeKind::kCustom: append_text(type.name, out); break;
    case TypeKind::kVector: append_number(type.dimensions, out); break;
    case TypeKind::kTuple: append_number(type.children.size(), out); break;
    case TypeKind::kUdt:
      append_text(keyspace, out);
      append_text(type.name, out);
      append_number(type.children.size(), out);
      break;
    default: break;
  }
  for (size_t i = 0; i < type.children.size(); ++i) {
    if (type.kind == TypeKind::kUdt) append_text(type.field_names[i], out);
    append_type_option(type.children[i], keyspace, out);
  }
}

}  // namespace ringsync
