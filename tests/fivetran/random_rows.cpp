#include "random_rows.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <stdexcept>

#include "../unit/cql/nested_bytes.h"
#include "cql/decimal_value.h"
#include "cql/json_text.h"
#include "cql/number_text.h"
#include "cql/scalar_text.h"

namespace ringsync::testing {
namespace {

constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59

void append_utf8(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

/// Two's complement, big-endian, as short as may be.
std::string minimal(int64_t value) {
  std::string bytes = wire(value);
  const auto is_needless = [&] {
    const auto second = static_cast<uint8_t>(bytes[1]);
    return bytes.size() > 1 &&
           ((bytes[0] == '\0' && second < 0x80) || (bytes[0] == '\xff' && second >= 0x80));
  };
  while (bytes.size() > 1 && is_needless()) bytes.erase(0, 1);
  return bytes;
}

template <typename T>
T picked(const std::vector<T>& from, uint64_t random) {
  return from[random % from.size()];
}

}  // namespace

int64_t RandomRows::number() {
  const auto any = static_cast<int64_t>(random_());
  const std::vector<int64_t> extremes = {0,
                                         1,
                                         -1,
                                         127,
                                         128,
                                         -128,
                                         16383,
                                         16384,
                                         std::numeric_limits<int32_t>::max(),
                                         std::numeric_limits<int32_t>::min(),
                                         std::numeric_limits<int64_t>::max(),
                                         std::numeric_limits<int64_t>::min()};
  switch (below(3)) {
    case 0: return picked(extremes, random_());
    case 1: return any >> below(63);
    default: return any;
  }
}

std::string RandomRows::random_bytes(size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random_());
  return bytes;
}

std::string RandomRows::utf8_text(size_t characters_max) {
  std::string text;
  const size_t characters = below(characters_max + 1);
  for (size_t i = 0; i < characters; ++i) {
    uint32_t c = 0x20 + static_cast<uint32_t>(below(0x5F));
    switch (below(12)) {
      case 0: c = static_cast<uint32_t>(below(0x800)); break;
      case 1: c = 0xE000 + static_cast<uint32_t>(below(0x2000)); break;
      case 2: c = 0x10000 + static_cast<uint32_t>(below(0x100000)); break;
      default: break;
    }
    append_utf8(c, text);
  }
  return text;
}

CqlType RandomRows::scalar_type() {
  constexpr std::array kKinds = {
      TypeKind::kAscii,   TypeKind::kBigint,    TypeKind::kBlob,    TypeKind::kBoolean,
      TypeKind::kCounter, TypeKind::kDecimal,   TypeKind::kDouble,  TypeKind::kFloat,
      TypeKind::kInt,     TypeKind::kTimestamp, TypeKind::kUuid,    TypeKind::kText,
      TypeKind::kVarint,  TypeKind::kTimeuuid,  TypeKind::kInet,    TypeKind::kDate,
      TypeKind::kTime,    TypeKind::kSmallint,  TypeKind::kTinyint, TypeKind::kDuration};
  return typed(kKinds[below(kKinds.size())]);
}

CqlType RandomRows::type() {
  switch (below(12)) {
    case 0: return typed(TypeKind::kList, {scalar_type()});
    case 1: return typed(TypeKind::kMap, {typed(TypeKind::kInt), scalar_type()});
    case 2: return udt_of({"a \"b\"", "ü"}, {scalar_type(), scalar_type()});
    default: return scalar_type();
  }
}

Table RandomRows::table() {
  Table table;
  table.keyspace = "ks";
  table.name = "t" + utf8_text(30);
  const size_t columns = 1 + below(20);
  std::set<std::string> names;
  while (names.size() < columns) {
    std::string name = "c" + utf8_text(12);
    if (below(8) == 0) name += std::string(80 + below(60), 'n');
    if (below(40) == 0) name += std::string(300, 'n');
    names.insert(name);
  }
  for (const std::string& name : names) {
    table.columns.push_back({name, type(), ColumnKind::kRegular});
  }
  table.partition_key_count = table.primary_key_count =
      static_cast<uint16_t>(1 + below(std::min<uint64_t>(columns, 3)));
  for (size_t i = 0; i < table.primary_key_count; ++i) {
    table.columns[i].kind = ColumnKind::kPartitionKey;
  }
  return table;
}

std::string RandomRows::scalar_bytes(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBoolean: return wire(static_cast<int8_t>(below(2)));
    case TypeKind::kTinyint: return wire(static_cast<int8_t>(number()));
    case TypeKind::kSmallint: return wire(static_cast<int16_t>(number()));
    case TypeKind::kInt: return wire(static_cast<int32_t>(number()));
    case TypeKind::kFloat:
      return wire(picked<float>({1.5F, -2.25F, std::numeric_limits<float>::infinity(),
                                 std::numeric_limits<float>::denorm_min(), 3.0F},
                                random_()));
    case TypeKind::kDouble:
      return wire(picked<double>({0.1, -1e308, -std::numeric_limits<double>::infinity(),
                                  static_cast<double>(number()), 0.0},
                                 random_()));
    case TypeKind::kTimestamp: {
      const auto span = static_cast<uint64_t>(kLastSecond - kFirstSecond) * 1000;
      const std::vector<int64_t> moments = {
          0,
          -1,
          1,
          1000,
          kFirstSecond * 1000,
          kLastSecond * 1000 + 999,
          kFirstSecond * 1000 + static_cast<int64_t>(below(span))};
      return wire(picked(moments, random_()));
    }
    case TypeKind::kDate: {
      const auto days = static_cast<uint32_t>(below(3'652'059));  // of the years 1 to 9999
      return wire(0x8000'0000U + picked<uint32_t>({0, days - 719'162}, random_()));
    }
    case TypeKind::kTime: return wire(static_cast<int64_t>(below(86'400'000'000'000)));
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid: return random_bytes(16);
    case TypeKind::kInet: return random_bytes(below(2) == 0 ? 4 : 16);
    case TypeKind::kVarint: return minimal(number());
    case TypeKind::kDecimal: return wire(static_cast<int32_t>(below(40)) - 10) + minimal(number());
    case TypeKind::kDuration:
      return picked<std::string>({"\x02\x04\x06", "\x01\x03\x05"}, random_());
    case TypeKind::kText: return utf8_text(below(10) == 0 ? 300 : 30);
    case TypeKind::kAscii: return std::string(below(below(30) == 0 ? 40'000 : 130), 'a');
    case TypeKind::kBlob: return random_bytes(below(below(30) == 0 ? 20'000 : 80));
    default: return wire(number());
  }
}

std::string RandomRows::nested_bytes(const CqlType& type) {
  const auto maybe = [&](const CqlType& of) -> MaybeBytes {
    if (below(4) == 0) return std::nullopt;
    return scalar_bytes(of.kind);
  };
  std::vector<MaybeBytes> values;
  switch (type.kind) {
    case TypeKind::kList:
      for (uint64_t i = 1 + below(4); i > 0; --i) values.push_back(maybe(type.children[0]));
      return collection_of(values);
    case TypeKind::kMap:
      values = {wire(static_cast<int32_t>(number())), maybe(type.children[1])};
      return collection_of(values, 2);
    default: return fields_of({maybe(type.children[0]), maybe(type.children[1])});
  }
}

namespace {

int64_t integer_in(const std::string& bytes) {
  int64_t value = static_cast<int8_t>(bytes[0]) < 0 ? -1 : 0;
  for (const char c : bytes) {
    value = static_cast<int64_t>(static_cast<uint64_t>(value) << 8 | static_cast<uint8_t>(c));
  }
  return value;
}

template <typename T, typename Bits>
T floating_in(const std::string& bytes) {
  return std::bit_cast<T>(static_cast<Bits>(integer_in(bytes)));
}

void set_moment(google::protobuf::Timestamp& moment, int64_t ms) {
  const auto seconds = static_cast<int64_t>(std::floor(static_cast<long double>(ms) / 1000));
  moment.set_seconds(seconds);
  moment.set_nanos(static_cast<int32_t>(ms - seconds * 1000) * 1'000'000);
}

/// Through the C library, from the text.
double nearest_double(const std::string& bytes) {
  const auto unscaled = integer_in(bytes.substr(4));
  const auto scale = integer_in(bytes.substr(0, 4));
  return std::strtod(fmt::format("{}e{}", unscaled, -scale).c_str(), nullptr);
}

std::string fixed_point(const Column& column, DecimalSize size, const std::string& bytes) {
  Int128 value = 0;
  const FixedPointDecoder decode{column.type.kind, false, size};
  if (decode(cell_of(bytes), value) != Decoded::kValue) throw std::logic_error("no value");
  std::string text;
  append_decimal128(value, size.scale, text);
  return text;
}

std::string written_text(const Column& column, bool is_key, const std::string& bytes) {
  std::string text;
  const TypeKind kind = column.type.kind;
  Decoded outcome = Decoded::kValue;
  if (!is_scalar(kind)) {
    const JsonRules rules{is_key, is_key, true};
    outcome = JsonWriter(column.type, rules).append(cell_of(bytes), text);
  } else if (kind == TypeKind::kDecimal && is_key) {
    outcome = append_decimal_key(cell_of(bytes), text);
  } else {
    outcome = append_scalar(kind, cell_of(bytes), text);
  }
  if (outcome != Decoded::kValue) throw std::logic_error("no value");
  return text;
}

void set_value(const Column& column, const FivetranType& type, bool is_key,
               const std::string& bytes, sdk::ValueType& value) {
  switch (type.kind) {
    case FivetranKind::kBoolean: value.set_bool_(bytes[0] != 0); return;
    case FivetranKind::kInt: value.set_int_(static_cast<int32_t>(integer_in(bytes))); return;
    case FivetranKind::kLong: value.set_long_(integer_in(bytes)); return;
    case FivetranKind::kFloat: value.set_float_(floating_in<float, uint32_t>(bytes)); return;
    case FivetranKind::kDouble:
      value.set_double_(column.type.kind == TypeKind::kDecimal
                            ? nearest_double(bytes)
                            : floating_in<double, uint64_t>(bytes));
      return;
    case FivetranKind::kNaiveDate:
      set_moment(
          *value.mutable_naive_date(),
          (static_cast<int64_t>(load_be32(as_bytes(bytes).data())) - 0x8000'0000LL) * 86'400'000);
      return;
    case FivetranKind::kUtcDatetime:
      set_moment(*value.mutable_utc_datetime(), integer_in(bytes));
      return;
    case FivetranKind::kBinary: value.set_binary(bytes); return;
    case FivetranKind::kDecimal:
      value.set_decimal(fixed_point(column, type.decimal, bytes));
      return;
    case FivetranKind::kJson: value.set_json(written_text(column, is_key, bytes)); return;
    case FivetranKind::kString: value.set_string(written_text(column, is_key, bytes)); return;
  }
}

}  // namespace

RandomCell RandomRows::cell(const Column& column, const FivetranType& type, bool is_key) {
  RandomCell cell;
  if (!is_key && below(6) == 0) {
    cell.value.set_null(true);
    return cell;
  }
  cell.bytes =
      is_scalar(column.type.kind) ? scalar_bytes(column.type.kind) : nested_bytes(column.type);
  if (type.kind == FivetranKind::kDecimal) {
    cell.bytes = column.type.kind == TypeKind::kVarint
                     ? minimal(number())
                     : wire(type.decimal.scale) + minimal(number());
  }
  set_value(column, type, is_key, *cell.bytes, cell.value);
  return cell;
}

}  // namespace ringsync::testing
