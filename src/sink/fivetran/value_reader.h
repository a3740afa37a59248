// Value readers: a cell as the value that Fivetran's type of its column wants, free of any wire
// format. The front doors to Fivetran write these values as protobuf and as Python objects. Chosen
// once a column; used in inner loops, so they are inline. Thread rule: immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cql/decimal_value.h"
#include "cql/duration_text.h"
#include "cql/inet_text.h"
#include "cql/json_text.h"
#include "cql/key_rules.h"
#include "cql/number_text.h"
#include "cql/scalar.h"
#include "cql/scalar_text.h"
#include "cql/utf8.h"
#include "sink/fivetran/fivetran_columns.h"

namespace ringsync {

/// A moment, or midnight UTC of a day, as google.protobuf.Timestamp has it: whole seconds since the
/// epoch, rounded down, and what comes on top.
struct Instant {
  int64_t seconds = 0;
  int32_t nanos = 0;  // 0 to 999'999'999
};

/// The years 1 to 9999, which both Fivetran and google.protobuf.Timestamp end with.
inline constexpr int64_t kInstantSecondsMin = -62'135'596'800;
inline constexpr int64_t kInstantSecondsMax = 253'402'300'799;

/// Every reader has a `Value` and is called with a cell and where to put it. The outcome is that of
/// the decoders of src/cql; kUnrepresentable also for a key whose value another cell has too.

/// tinyint, smallint, int -> INT.
template <typename Cell, Decoded (*kDecode)(CellView, Cell&)>
struct IntReader {
  using Value = int32_t;

  Decoded operator()(CellView cell, Value& out) const {
    Cell value = 0;
    const Decoded outcome = kDecode(cell, value);
    out = value;  // NOLINT(bugprone-signed-char-misuse): a number, no character
    return outcome;
  }
};

/// bigint, counter -> LONG.
struct LongReader {
  using Value = int64_t;

  Decoded operator()(CellView cell, Value& out) const { return decode_bigint(cell, out); }
};

/// varint -> LONG.
struct VarintReader {
  using Value = int64_t;

  Decoded operator()(CellView cell, Value& out) const {
    const Decoded outcome = decode_varint64(cell, out);
    const bool merges = is_key && outcome == Decoded::kValue && !is_minimal_varint(cell.bytes());
    return merges ? Decoded::kUnrepresentable : outcome;
  }

  bool is_key = false;
};

/// boolean, float and double -> their likes.
template <typename T, TypeKind kKind, Decoded (*kDecode)(CellView, T&)>
struct SameReader {
  using Value = T;

  Decoded operator()(CellView cell, Value& out) const {
    const Decoded outcome = kDecode(cell, out);
    if (!is_key || outcome != Decoded::kValue) return outcome;
    return merges_with_another(kKind, cell) ? Decoded::kUnrepresentable : outcome;
  }

  bool is_key = false;
};

/// decimal -> DOUBLE, the nearest; never a key.
struct NearestDoubleReader {
  using Value = double;

  Decoded operator()(CellView cell, Value& out) const { return decode_decimal_double(cell, out); }
};

/// timestamp -> UTC_DATETIME.
struct InstantReader {
  using Value = Instant;

  Decoded operator()(CellView cell, Value& out) const {
    int64_t ms = 0;
    const Decoded outcome = decode_timestamp_ms(cell, ms);
    if (outcome != Decoded::kValue) return outcome;
    if (ms < kInstantSecondsMin * 1000 || ms > kInstantSecondsMax * 1000 + 999) {
      return Decoded::kUnrepresentable;
    }
    out.seconds = ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
    out.nanos = static_cast<int32_t>((ms - out.seconds * 1000) * 1'000'000);
    return Decoded::kValue;
  }
};

/// date -> NAIVE_DATE.
struct DayReader {
  using Value = Instant;

  Decoded operator()(CellView cell, Value& out) const {
    int32_t days = 0;
    const Decoded outcome = decode_date_days(cell, days);
    if (outcome != Decoded::kValue) return outcome;
    out = {int64_t{days} * 86'400, 0};
    const bool fits = out.seconds >= kInstantSecondsMin && out.seconds <= kInstantSecondsMax;
    return fits ? Decoded::kValue : Decoded::kUnrepresentable;
  }
};

/// blob -> BINARY. The value lives as long as the page.
struct BinaryReader {
  using Value = std::string_view;

  Decoded operator()(CellView cell, Value& out) const { return decode_bytes(cell, out); }
};

/// text and ascii -> STRING: kMalformed where it is no UTF-8. The value lives as long as the page.
struct TextReader {
  using Value = std::string_view;

  Decoded operator()(CellView cell, Value& out) const {
    const Decoded outcome = decode_bytes(cell, out);
    if (outcome != Decoded::kValue) return outcome;
    return is_utf8_mostly_ascii(out) ? Decoded::kValue : Decoded::kMalformed;
  }
};

/// What a reader writes as text: ASCII or UTF-8, appended for kValue only. `Append`: (CellView,
/// std::string&) -> Decoded.
template <typename Append>
struct WrittenReader {
  using Value = std::string;

  Decoded operator()(CellView cell, Value& out) const {
    const size_t start = out.size();
    Decoded outcome = append(cell, out);
    if (outcome == Decoded::kValue && is_key && !is_canonical(kind, cell)) {
      outcome = Decoded::kUnrepresentable;
    }
    if (outcome != Decoded::kValue) out.resize(start);
    return outcome;
  }

  Append append;
  TypeKind kind;
  bool is_key = false;
};

/// Calls `visitor` with the reader of the column and returns what it returns.
template <typename Visitor>
auto visit_value_reader(const FivetranColumn& column, Visitor&& visitor);

// ---- How a column's reader is chosen ----

/// uuid, inet, duration, time, blob, varint and decimal as STRING.
using AppendText = Decoded (*)(CellView, std::string&);

inline AppendText append_text_of(TypeKind kind, bool is_key) {
  switch (kind) {
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid: return append_uuid;
    case TypeKind::kInet: return append_inet;
    case TypeKind::kDuration: return append_duration;
    case TypeKind::kTime: return append_time;
    case TypeKind::kBlob: return append_blob;
    case TypeKind::kVarint: return append_varint;
    default: return is_key ? append_decimal_key : append_decimal;
  }
}

struct AppendJson {
  Decoded operator()(CellView cell, std::string& out) const { return writer.append(cell, out); }

  JsonWriter writer;
};

struct AppendFixedPoint {
  Decoded operator()(CellView cell, std::string& out) const {
    Int128 value = 0;
    const Decoded outcome = decode(cell, value);
    if (outcome == Decoded::kValue) append_decimal128(value, decode.size.scale, out);
    return outcome;
  }

  FixedPointDecoder decode;
};

inline AppendJson append_json_of(const FivetranColumn& column) {
  const bool is_partition_key = column.column.kind == ColumnKind::kPartitionKey;
  return {JsonWriter(
      column.column.type,
      {.is_key = column.is_key, .leaves_out_missing = is_partition_key, .holds_nul = true})};
}

template <typename Visitor>
auto visit_int_reader(TypeKind kind, Visitor&& visitor) {
  switch (kind) {
    case TypeKind::kTinyint: return visitor(IntReader<int8_t, decode_tinyint>{});
    case TypeKind::kSmallint: return visitor(IntReader<int16_t, decode_smallint>{});
    default: return visitor(IntReader<int32_t, decode_int>{});
  }
}

template <typename Visitor>
auto visit_string_reader(const FivetranColumn& column, Visitor&& visitor) {
  const TypeKind kind = column.column.type.kind;
  if (kind == TypeKind::kText || kind == TypeKind::kAscii) return visitor(TextReader{});
  if (!is_scalar(kind)) return visitor(WrittenReader<AppendJson>{append_json_of(column), kind});
  return visitor(
      WrittenReader<AppendText>{append_text_of(kind, column.is_key), kind, column.is_key});
}

template <typename Visitor>
auto visit_value_reader(const FivetranColumn& column, Visitor&& visitor) {
  const TypeKind kind = column.column.type.kind;
  const bool is_key = column.is_key;
  switch (column.type.kind) {
    case FivetranKind::kBoolean:
      return visitor(SameReader<bool, TypeKind::kBoolean, decode_boolean>{is_key});
    case FivetranKind::kInt: return visit_int_reader(kind, std::forward<Visitor>(visitor));
    case FivetranKind::kLong:
      return kind == TypeKind::kVarint ? visitor(VarintReader{is_key}) : visitor(LongReader{});
    case FivetranKind::kFloat:
      return visitor(SameReader<float, TypeKind::kFloat, decode_float>{is_key});
    case FivetranKind::kDouble:
      if (kind == TypeKind::kDecimal) return visitor(NearestDoubleReader{});
      return visitor(SameReader<double, TypeKind::kDouble, decode_double>{is_key});
    case FivetranKind::kNaiveDate: return visitor(DayReader{});
    case FivetranKind::kUtcDatetime: return visitor(InstantReader{});
    case FivetranKind::kBinary: return visitor(BinaryReader{});
    case FivetranKind::kDecimal:
      return visitor(WrittenReader<AppendFixedPoint>{{{kind, is_key, column.type.decimal}}, kind});
    case FivetranKind::kJson:
    case FivetranKind::kString: break;
  }
  return visit_string_reader(column, std::forward<Visitor>(visitor));
}

}  // namespace ringsync
