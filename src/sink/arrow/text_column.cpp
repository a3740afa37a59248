// Columns of variable size: text and blobs, copied in one go, and values written as text.
#include <algorithm>
#include <cstring>
#include <limits>

#include "cql/duration_text.h"
#include "cql/inet_text.h"
#include "cql/json_text.h"
#include "cql/number_text.h"
#include "cql/scalar_text.h"
#include "cql/utf8.h"
#include "sink/arrow/column_encoder.h"
#include "sink/arrow/limited_decoder.h"

namespace ringsync {
namespace {

constexpr size_t kOffsetMax = std::numeric_limits<int32_t>::max();

/// Text and blobs: the offsets first, then one pass of copies into memory of the right size.
class BytesColumn final : public ColumnEncoder {
 public:
  BytesColumn(ColumnPlace place, bool is_text)
      : ColumnEncoder(std::move(place)),
        is_text_(is_text),
        refuses_nul_(is_text && !this->place().limits.text_holds_nul) {}

  Result<ArrowColumn> encode(const PageView& page, uint32_t& failed_row) const override {
    const uint32_t rows = page.row_count();
    const uint16_t index = place().index;
    ArrowColumn column;
    column.has_offsets = true;
    column.values = ColumnBuffer((size_t{rows} + 1) * sizeof(int32_t));
    int32_t* const offsets = column.values.as<int32_t>();
    ValidityBuilder validity(rows);
    size_t total = 0;
    for (uint32_t row = 0; row < rows; ++row) {
      const CellView cell = page.cell(row, index);
      offsets[row] = static_cast<int32_t>(total);
      const Decoded outcome = outcome_of(cell, total);
      if (outcome == Decoded::kValue) [[likely]] {
        total += cell.size();
        continue;
      }
      if (!becomes_null(outcome, column.nulled_count)) {
        failed_row = row;
        return failure(outcome);
      }
      validity.set_null(row);
    }
    offsets[rows] = static_cast<int32_t>(total);
    column.data = ColumnBuffer(total);
    for (uint32_t row = 0; row < rows; ++row) {
      const auto size = static_cast<size_t>(offsets[row + 1] - offsets[row]);
      if (size == 0) continue;
      std::memcpy(column.data.data() + offsets[row], page.cell(row, index).data(), size);
    }
    if (is_text_ && !holds_utf8(column, rows)) {
      failed_row = first_bad_row(page);
      return failure(Decoded::kMalformed);
    }
    std::move(validity).finish(column);
    return column;
  }

 private:
  Decoded outcome_of(CellView cell, size_t total) const {
    if (cell.is_null()) return Decoded::kNull;
    if (cell.size() > place().limits.value_bytes_max || total + cell.size() > kOffsetMax) {
      return Decoded::kUnrepresentable;
    }
    const bool is_refused =
        refuses_nul_ && cell.size() > 0 && std::memchr(cell.data(), '\0', cell.size()) != nullptr;
    return is_refused ? Decoded::kUnrepresentable : Decoded::kValue;
  }

  /// Checks all cells in one call: the whole is valid and no cell starts inside a character exactly
  /// where each cell is valid.
  static bool holds_utf8(ArrowColumn& column, uint32_t rows) {
    const size_t total = column.data.size();
    const uint8_t* const data = column.data.data();
    if (!is_utf8(as_text({data, total}))) return false;
    const int32_t* const offsets = column.values.as<int32_t>();
    for (uint32_t row = 0; row < rows; ++row) {
      const auto at = static_cast<size_t>(offsets[row]);
      if (at < total && (data[at] & 0xC0) == 0x80) return false;
    }
    return true;
  }

  uint32_t first_bad_row(const PageView& page) const {
    for (uint32_t row = 0; row < page.row_count(); ++row) {
      const std::string_view text = as_text(page.cell(row, place().index).bytes());
      if (!is_utf8(text)) return row;
    }
    return 0;
  }

  bool is_text_;
  bool refuses_nul_;
};

/// A nested cell as JSON text.
struct AppendJson {
  Decoded operator()(CellView cell, std::string& out) const { return writer.append(cell, out); }

  JsonWriter writer;
};

/// Values that the destination holds as text. `Append`: (CellView, std::string&) -> Decoded.
template <typename Append>
class WrittenColumn final : public ColumnEncoder {
 public:
  WrittenColumn(ColumnPlace place, Append append)
      : ColumnEncoder(std::move(place)), append_(std::move(append)) {}

  Result<ArrowColumn> encode(const PageView& page, uint32_t& failed_row) const override {
    const uint32_t rows = page.row_count();
    const size_t bytes_max = std::min(place().limits.value_bytes_max, kOffsetMax);
    ArrowColumn column;
    column.has_offsets = true;
    column.values = ColumnBuffer((size_t{rows} + 1) * sizeof(int32_t));
    int32_t* const offsets = column.values.as<int32_t>();
    ValidityBuilder validity(rows);
    std::string text;
    for (uint32_t row = 0; row < rows; ++row) {
      const size_t start = text.size();
      offsets[row] = static_cast<int32_t>(start);
      const CellView cell = page.cell(row, place().index);
      Decoded outcome = append_(cell, text);
      if (outcome == Decoded::kValue && place().is_key && merges(cell)) {
        outcome = Decoded::kUnrepresentable;
      }
      if (text.size() - start > bytes_max || text.size() > kOffsetMax) {
        outcome = Decoded::kUnrepresentable;
      }
      if (outcome == Decoded::kValue) continue;
      if (!becomes_null(outcome, column.nulled_count)) {
        failed_row = row;
        return failure(outcome);
      }
      text.resize(start);
      validity.set_null(row);
    }
    offsets[rows] = static_cast<int32_t>(text.size());
    column.data = ColumnBuffer(text.size());
    std::memcpy(column.data.data(), text.data(), text.size());
    std::move(validity).finish(column);
    return column;
  }

 private:
  /// A nested key is one-to-one by its writer's rules.
  bool merges(CellView cell) const {
    return place().type.kind != ArrowKind::kJson && !is_canonical(place().column.type.kind, cell);
  }

  Append append_;
};

template <typename Append>
std::unique_ptr<ColumnEncoder> written(ColumnPlace place, Append append) {
  return std::make_unique<WrittenColumn<Append>>(std::move(place), std::move(append));
}

/// Writes the text of values that `decoder` finds within the destination's limits.
template <typename Value, typename Decoder>
auto limited(Decoder decoder, Decoded (*append)(CellView, std::string&)) {
  return [decoder, append](CellView cell, std::string& out) {
    Value value = 0;
    const Decoded outcome = decoder(cell, value);
    return outcome == Decoded::kValue ? append(cell, out) : outcome;
  };
}

}  // namespace

std::unique_ptr<ColumnEncoder> make_variable_size_encoder(ColumnPlace place) {
  if (place.type.kind == ArrowKind::kJson) {
    const JsonRules rules{place.is_key, place.column.kind == ColumnKind::kPartitionKey,
                          place.limits.text_holds_nul};
    AppendJson append{JsonWriter(place.column.type, rules)};
    return written(std::move(place), std::move(append));
  }
  switch (place.column.type.kind) {
    case TypeKind::kAscii:
    case TypeKind::kText: return std::make_unique<BytesColumn>(std::move(place), true);
    case TypeKind::kBlob: return std::make_unique<BytesColumn>(std::move(place), false);
    case TypeKind::kVarint: return written(std::move(place), append_varint);
    case TypeKind::kDecimal:
      return place.is_key ? written(std::move(place), append_decimal_key)
                          : written(std::move(place), append_decimal);
    case TypeKind::kInet: return written(std::move(place), append_inet);
    case TypeKind::kDuration: return written(std::move(place), append_duration);
    case TypeKind::kTimestamp: {
      const auto append = limited<int64_t>(InstantDecoder(place.limits), append_timestamp);
      return written(std::move(place), append);
    }
    case TypeKind::kDate: {
      const auto append = limited<int32_t>(DateDecoder(place.limits), append_date);
      return written(std::move(place), append);
    }
    case TypeKind::kTime: return written(std::move(place), append_time);
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid: return written(std::move(place), append_uuid);
    default: return nullptr;
  }
}

}  // namespace ringsync
