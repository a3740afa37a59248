#include "sink/arrow/column_encoder.h"

#include <fmt/format.h>

#include <cstring>
#include <type_traits>

#include "cql/number_text.h"

namespace ringsync {
namespace {

// What DuckDB's TIMESTAMPTZ holds: -290308-12-22 to 294247-01-10T04:00:54.775Z, in milliseconds.
// Its largest and smallest int64 stand for infinity.
constexpr int64_t kTimestampMinMs = -9'223'372'022'400'000;
constexpr int64_t kTimestampMaxMs = 9'223'372'036'854'775;
// What DuckDB's DATE holds; ±(2^31 - 1) stand for infinity.
constexpr int32_t kDateMinDays = -2'147'483'646;
constexpr int32_t kDateMaxDays = 2'147'483'646;

Decoded decode_timestamp_us(CellView cell, int64_t& out) {
  int64_t ms = 0;
  const Decoded outcome = decode_timestamp_ms(cell, ms);
  if (outcome != Decoded::kValue) return outcome;
  if (ms < kTimestampMinMs || ms > kTimestampMaxMs) return Decoded::kUnrepresentable;
  out = ms * 1000;
  return Decoded::kValue;
}

Decoded decode_date_in_range(CellView cell, int32_t& out) {
  int32_t days = 0;
  const Decoded outcome = decode_date_days(cell, days);
  if (outcome != Decoded::kValue) return outcome;
  if (days < kDateMinDays || days > kDateMaxDays) return Decoded::kUnrepresentable;
  out = days;
  return Decoded::kValue;
}

// The source tells -0.0 from 0.0 and one NaN from another by their bytes; the destination compares
// them as equal, and DuckDB's compressed storage does not keep the sign of a zero.
bool is_float_beside_another(uint32_t bits) {
  const bool is_nan = (bits & 0x7FFF'FFFFU) > 0x7F80'0000U;
  return bits == 0x8000'0000U || (is_nan && bits != 0x7FC0'0000U);
}
bool is_double_beside_another(uint64_t bits) {
  const bool is_nan = (bits & 0x7FFF'FFFF'FFFF'FFFFU) > 0x7FF0'0000'0000'0000U;
  return bits == 0x8000'0000'0000'0000U || (is_nan && bits != 0x7FF8'0000'0000'0000U);
}

template <typename T, Decoded (*Decode)(CellView, T&)>
class FixedSizeColumn final : public ColumnEncoder {
 public:
  using ColumnEncoder::ColumnEncoder;

  Result<ArrowColumn> encode(const PageView& page, uint32_t& failed_row) const override {
    const uint32_t rows = page.row_count();
    const uint16_t index = place().index;
    ArrowColumn column;
    column.values = ColumnBuffer(rows * sizeof(T));
    T* const values = column.values.as<T>();
    ValidityBuilder validity(rows);
    for (uint32_t row = 0; row < rows; ++row) {
      const CellView cell = page.cell(row, index);
      Decoded outcome = Decode(cell, values[row]);
      if constexpr (std::is_floating_point_v<T>) {
        if (outcome == Decoded::kValue && place().is_key && breaks_key(cell)) {
          outcome = Decoded::kUnrepresentable;
        }
      }
      if (outcome == Decoded::kValue) [[likely]] {
        continue;
      }
      if (outcome != Decoded::kNull || place().is_key) {
        failed_row = row;
        return failure(outcome);
      }
      values[row] = T{};
      validity.set_null(row);
    }
    std::move(validity).finish(column);
    return column;
  }
};

class BooleanColumn final : public ColumnEncoder {
 public:
  using ColumnEncoder::ColumnEncoder;

  Result<ArrowColumn> encode(const PageView& page, uint32_t& failed_row) const override {
    const uint32_t rows = page.row_count();
    ArrowColumn column;
    column.values = ColumnBuffer((size_t{rows} + 7) / 8);
    uint8_t* const bits = column.values.data();
    std::memset(bits, 0, column.values.size());
    ValidityBuilder validity(rows);
    for (uint32_t row = 0; row < rows; ++row) {
      const CellView cell = page.cell(row, place().index);
      bool value = false;
      Decoded outcome = decode_boolean(cell, value);
      if (outcome == Decoded::kValue && place().is_key && breaks_key(cell)) {
        outcome = Decoded::kUnrepresentable;
      }
      if (outcome == Decoded::kValue) {
        bits[row / 8] = static_cast<uint8_t>(bits[row / 8] | (unsigned{value} << (row % 8)));
        continue;
      }
      if (outcome != Decoded::kNull || place().is_key) {
        failed_row = row;
        return failure(outcome);
      }
      validity.set_null(row);
    }
    std::move(validity).finish(column);
    return column;
  }
};

}  // namespace

void ValidityBuilder::start() {
  bits_ = ColumnBuffer((size_t{row_count_} + 7) / 8);
  std::memset(bits_.data(), 0xFF, bits_.size());
}

Error ColumnEncoder::failure(Decoded outcome) const {
  const std::string where = fmt::format("table {}, column {} ({})", place_.table,
                                        quoted(place_.column.name), to_string(place_.column.type));
  switch (outcome) {
    case Decoded::kNull:
      return {ErrorCode::kMalformed,
              where +
                  ": a key column without a value; the destination could not tell its rows "
                  "apart. Exclude the table with exclude_tables"};
    case Decoded::kUnrepresentable:
      return {ErrorCode::kUnrepresentable,
              where +
                  ": a value that the destination cannot hold exactly. Correct the value in the "
                  "source, or exclude the table with exclude_tables"};
    default:
      return {ErrorCode::kMalformed,
              where +
                  ": bytes that are no value of this type. Repair the row in the source, or "
                  "exclude the table with exclude_tables"};
  }
}

bool ColumnEncoder::breaks_key(CellView cell) const {
  switch (place_.column.type.kind) {
    case TypeKind::kFloat: return is_float_beside_another(load_be32(cell.data()));
    case TypeKind::kDouble: return is_double_beside_another(load_be64(cell.data()));
    case TypeKind::kBoolean: return cell.size() == 1 && cell.data()[0] > 1;
    case TypeKind::kVarint: return !is_minimal_varint(cell.bytes());
    case TypeKind::kDecimal: return cell.size() > 4 && !is_minimal_varint(cell.bytes().subspan(4));
    default: return false;
  }
}

std::unique_ptr<ColumnEncoder> make_column_encoder(ColumnPlace place) {
  switch (place.column.type.kind) {
    case TypeKind::kTinyint:
      return std::make_unique<FixedSizeColumn<int8_t, decode_tinyint>>(std::move(place));
    case TypeKind::kSmallint:
      return std::make_unique<FixedSizeColumn<int16_t, decode_smallint>>(std::move(place));
    case TypeKind::kInt:
      return std::make_unique<FixedSizeColumn<int32_t, decode_int>>(std::move(place));
    case TypeKind::kBigint:
    case TypeKind::kCounter:
      return std::make_unique<FixedSizeColumn<int64_t, decode_bigint>>(std::move(place));
    case TypeKind::kFloat:
      return std::make_unique<FixedSizeColumn<float, decode_float>>(std::move(place));
    case TypeKind::kDouble:
      return std::make_unique<FixedSizeColumn<double, decode_double>>(std::move(place));
    case TypeKind::kTimestamp:
      return std::make_unique<FixedSizeColumn<int64_t, decode_timestamp_us>>(std::move(place));
    case TypeKind::kDate:
      return std::make_unique<FixedSizeColumn<int32_t, decode_date_in_range>>(std::move(place));
    case TypeKind::kTime:
      return std::make_unique<FixedSizeColumn<int64_t, decode_time_ns>>(std::move(place));
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
      return std::make_unique<FixedSizeColumn<Uuid, decode_uuid>>(std::move(place));
    case TypeKind::kBoolean: return std::make_unique<BooleanColumn>(std::move(place));
    default: return make_variable_size_encoder(std::move(place));
  }
}

}  // namespace ringsync
