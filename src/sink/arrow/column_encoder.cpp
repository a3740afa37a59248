#include "sink/arrow/column_encoder.h"

#include <cstring>
#include <type_traits>

#include "cql/decimal_value.h"
#include "cql/key_rules.h"
#include "sink/arrow/limited_decoder.h"
#include "sink/arrow/nested_builder.h"

namespace ringsync {
namespace {

/// `Decode`: (CellView, T&) -> Decoded.
template <typename T, typename Decode>
class FixedSizeColumn final : public ColumnEncoder {
 public:
  FixedSizeColumn(ColumnPlace place, Decode decode)
      : ColumnEncoder(std::move(place)), decode_(decode) {}

  Result<ArrowColumn> encode(const PageView& page, uint32_t& failed_row) const override {
    const uint32_t rows = page.row_count();
    const uint16_t index = place().index;
    ArrowColumn column;
    column.values = ColumnBuffer(rows * sizeof(T));
    T* const values = column.values.as<T>();
    ValidityBuilder validity(rows);
    for (uint32_t row = 0; row < rows; ++row) {
      const CellView cell = page.cell(row, index);
      Decoded outcome = decode_(cell, values[row]);
      if constexpr (std::is_floating_point_v<T>) {
        if (outcome == Decoded::kValue && place().is_key &&
            merges_with_another(place().column.type.kind, cell)) {
          outcome = Decoded::kUnrepresentable;
        }
      }
      if (outcome == Decoded::kValue) [[likely]] {
        continue;
      }
      if (!becomes_null(outcome, column.nulled_count)) {
        failed_row = row;
        return failure(outcome);
      }
      values[row] = T{};
      validity.set_null(row);
    }
    std::move(validity).finish(column);
    return column;
  }

 private:
  Decode decode_;
};

template <typename T, typename Decode>
std::unique_ptr<ColumnEncoder> fixed_size(ColumnPlace place, Decode decode) {
  return std::make_unique<FixedSizeColumn<T, Decode>>(std::move(place), decode);
}

template <auto kDecode>
struct Plain {
  template <typename T>
  Decoded operator()(CellView cell, T& out) const {
    return kDecode(cell, out);
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
      if (outcome == Decoded::kValue && place().is_key &&
          merges_with_another(place().column.type.kind, cell)) {
        outcome = Decoded::kUnrepresentable;
      }
      if (outcome == Decoded::kValue) {
        bits[row / 8] = static_cast<uint8_t>(bits[row / 8] | (unsigned{value} << (row % 8)));
        continue;
      }
      if (!becomes_null(outcome, column.nulled_count)) {
        failed_row = row;
        return failure(outcome);
      }
      validity.set_null(row);
    }
    std::move(validity).finish(column);
    return column;
  }
};

/// Nested types in Arrow's own form; never a key.
class NativeNestedColumn final : public ColumnEncoder {
 public:
  using ColumnEncoder::ColumnEncoder;

  Result<ArrowColumn> encode(const PageView& page, uint32_t& failed_row) const override {
    NestedBuilder builder(place().column.type, place().type, place().limits);
    uint32_t nulled_count = 0;
    for (uint32_t row = 0; row < page.row_count(); ++row) {
      const Decoded outcome = builder.append(page.cell(row, place().index));
      if (outcome == Decoded::kValue) continue;
      if (!becomes_null(outcome, nulled_count)) {
        failed_row = row;
        return failure(outcome);
      }
      builder.truncate(row);
      builder.append_nulls(1);
    }
    ArrowColumn column = std::move(builder).finish();
    column.nulled_count = nulled_count;
    return column;
  }
};

}  // namespace

void ValidityBuilder::start() {
  bits_ = ColumnBuffer((size_t{row_count_} + 7) / 8);
  std::memset(bits_.data(), 0xFF, bits_.size());
}

Error ColumnEncoder::failure(Decoded outcome) const {
  if (place_.type.kind != ArrowKind::kDecimal128) return place_.failure(outcome, "");
  return place_.failure(outcome, decimal_remedy({place_.type.precision, place_.type.scale}));
}

std::unique_ptr<ColumnEncoder> make_column_encoder(ColumnPlace place) {
  const ValueLimits limits = place.limits;
  switch (place.type.kind) {
    case ArrowKind::kInt8: return fixed_size<int8_t>(std::move(place), Plain<decode_tinyint>{});
    case ArrowKind::kInt16: return fixed_size<int16_t>(std::move(place), Plain<decode_smallint>{});
    case ArrowKind::kInt32: return fixed_size<int32_t>(std::move(place), Plain<decode_int>{});
    case ArrowKind::kInt64: return fixed_size<int64_t>(std::move(place), Plain<decode_bigint>{});
    case ArrowKind::kFloat:
      return fixed_size<float>(std::move(place), FloatDecoder<float, decode_float>{limits});
    case ArrowKind::kDouble:
      return fixed_size<double>(std::move(place), FloatDecoder<double, decode_double>{limits});
    case ArrowKind::kTimestamp:
      return fixed_size<int64_t>(std::move(place), InstantDecoder{limits});
    case ArrowKind::kDate: return fixed_size<int32_t>(std::move(place), DateDecoder{limits});
    case ArrowKind::kTime: return fixed_size<int64_t>(std::move(place), Plain<decode_time_ns>{});
    case ArrowKind::kUuid: return fixed_size<Uuid>(std::move(place), Plain<decode_uuid>{});
    case ArrowKind::kBoolean: return std::make_unique<BooleanColumn>(std::move(place));
    case ArrowKind::kDecimal128: {
      const FixedPointDecoder decoder{
          place.column.type.kind, place.is_key, {place.type.precision, place.type.scale}};
      return fixed_size<Int128>(std::move(place), decoder);
    }
    case ArrowKind::kList:
    case ArrowKind::kStruct:
    case ArrowKind::kMap:
    case ArrowKind::kFixedSizeList: return std::make_unique<NativeNestedColumn>(std::move(place));
    default: return make_variable_size_encoder(std::move(place));
  }
}

}  // namespace ringsync
