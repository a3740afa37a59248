#include "sink/null/null_sink.h"

#include <string>
#include <string_view>
#include <vector>

#include "cql/duration_text.h"
#include "cql/inet_text.h"
#include "cql/json_text.h"
#include "cql/number_text.h"
#include "cql/scalar.h"
#include "sink/cell_policy.h"

namespace ringsync {
namespace {

class CountedPage final : public EncodedPage {
 public:
  explicit CountedPage(uint64_t checksum) : checksum_(checksum) {}
  size_t byte_size() const override { return sizeof *this; }
  uint64_t checksum() const { return checksum_; }

 private:
  uint64_t checksum_;
};

uint64_t mixed(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x9E3779B97F4A7C15U; }

template <typename T>
uint64_t bits_of(const T& value) {
  if constexpr (sizeof(T) == 8) {
    return std::bit_cast<uint64_t>(value);
  } else if constexpr (sizeof(T) == 4) {
    return std::bit_cast<uint32_t>(value);
  } else {
    return static_cast<uint64_t>(value);
  }
}
template <>
uint64_t bits_of(const Uuid& value) {
  return load_be64(value.data()) ^ load_be64(value.data() + 8);
}
template <>
uint64_t bits_of(const std::string_view& value) {
  return std::hash<std::string_view>()(value);
}

/// Folds one column of a page into a checksum. Sets `bad_row` where a cell does not decode.
using FoldColumn = Decoded (*)(const PageView& page, uint16_t column, uint64_t& sum,
                               uint32_t& bad_row);

template <typename T, Decoded (*Decode)(CellView, T&)>
Decoded fold_values(const PageView& page, uint16_t column, uint64_t& sum, uint32_t& bad_row) {
  for (uint32_t row = 0; row < page.row_count(); ++row) {
    T value{};
    const Decoded outcome = Decode(page.cell(row, column), value);
    if (outcome == Decoded::kValue) {
      sum = mixed(sum, bits_of(value));
    } else if (outcome == Decoded::kNull) {
      sum = mixed(sum, 0x6E756C6C);
    } else {
      bad_row = row;
      return outcome;
    }
  }
  return Decoded::kValue;
}

template <Decoded (*Append)(CellView, std::string&)>
Decoded fold_written(const PageView& page, uint16_t column, uint64_t& sum, uint32_t& bad_row) {
  std::string text;
  for (uint32_t row = 0; row < page.row_count(); ++row) {
    text.clear();
    const Decoded outcome = Append(page.cell(row, column), text);
    if (outcome != Decoded::kValue && outcome != Decoded::kNull) {
      bad_row = row;
      return outcome;
    }
    sum = mixed(sum, bits_of(std::string_view(text)));
  }
  return Decoded::kValue;
}

Decoded fold_nested(const JsonWriter& writer, const PageView& page, uint16_t column, uint64_t& sum,
                    uint32_t& bad_row) {
  std::string text;
  for (uint32_t row = 0; row < page.row_count(); ++row) {
    text.clear();
    const Decoded outcome = writer.append(page.cell(row, column), text);
    if (outcome != Decoded::kValue && outcome != Decoded::kNull) {
      bad_row = row;
      return outcome;
    }
    sum = mixed(sum, bits_of(std::string_view(text)));
  }
  return Decoded::kValue;
}

FoldColumn fold_for(TypeKind kind) {
  switch (kind) {
    case TypeKind::kTinyint: return fold_values<int8_t, decode_tinyint>;
    case TypeKind::kSmallint: return fold_values<int16_t, decode_smallint>;
    case TypeKind::kInt: return fold_values<int32_t, decode_int>;
    case TypeKind::kBigint:
    case TypeKind::kCounter: return fold_values<int64_t, decode_bigint>;
    case TypeKind::kFloat: return fold_values<float, decode_float>;
    case TypeKind::kDouble: return fold_values<double, decode_double>;
    case TypeKind::kBoolean: return fold_values<bool, decode_boolean>;
    case TypeKind::kTimestamp: return fold_values<int64_t, decode_timestamp_ms>;
    case TypeKind::kDate: return fold_values<int32_t, decode_date_days>;
    case TypeKind::kTime: return fold_values<int64_t, decode_time_ns>;
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid: return fold_values<Uuid, decode_uuid>;
    case TypeKind::kAscii:
    case TypeKind::kText:
    case TypeKind::kBlob: return fold_values<std::string_view, decode_bytes>;
    case TypeKind::kVarint: return fold_written<append_varint>;
    case TypeKind::kDecimal: return fold_written<append_decimal>;
    case TypeKind::kInet: return fold_written<append_inet>;
    case TypeKind::kDuration: return fold_written<append_duration>;
    default: return nullptr;
  }
}

class FoldingEncoder final : public PageEncoder {
 public:
  explicit FoldingEncoder(const Table& table) : table_(table) {
    for (const Column& column : table_.columns) {
      folds_.push_back({fold_for(column.type.kind), JsonWriter(column.type, {})});
    }
  }

  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t& failed_row) override {
    if (page.column_count() != folds_.size()) {
      return Error{ErrorCode::kSchemaChanged, "a page has other columns than its table's plan"};
    }
    uint64_t sum = 0;
    for (uint16_t column = 0; column < page.column_count(); ++column) {
      const Fold& fold = folds_[column];
      const Decoded outcome = fold.scalar != nullptr
                                  ? fold.scalar(page, column, sum, failed_row)
                                  : fold_nested(fold.nested, page, column, sum, failed_row);
      if (outcome == Decoded::kValue) continue;
      return Error{
          outcome == Decoded::kUnrepresentable ? ErrorCode::kUnrepresentable
                                               : ErrorCode::kMalformed,
          column_place(table_, table_.columns[column]) + ": bytes that are no value of this type"};
    }
    return std::unique_ptr<EncodedPage>(std::make_unique<CountedPage>(sum));
  }

 private:
  Table table_;
  struct Fold {
    FoldColumn scalar;  // null: the column is nested
    JsonWriter nested;
  };
  std::vector<Fold> folds_;
};

}  // namespace

Result<std::optional<StoredState>> NullSink::load_state() { return std::optional<StoredState>(); }

Result<TableOpening> NullSink::open_table(const TablePlan& plan) {
  RINGSYNC_TRY(check_types_are_known(plan.table));
  return TableOpening{true};
}

Result<std::unique_ptr<PageEncoder>> NullSink::encoder(const TablePlan& plan) {
  return std::unique_ptr<PageEncoder>(std::make_unique<FoldingEncoder>(plan.table));
}

Status NullSink::deliver(const TablePlan&, const std::shared_ptr<const EncodedPage>& page,
                         RowSlice slice) {
  row_count_ += slice.row_count;
  if (slice.first_row == 0) checksum_ += static_cast<const CountedPage&>(*page).checksum();
  return {};
}

Status NullSink::finish_table(const TablePlan&) { return {}; }

Result<bool> NullSink::checkpoint(const Checkpoint&, CheckpointUrgency) { return true; }

std::optional<uint64_t> NullSink::rows_deleted(const std::string&) const { return std::nullopt; }

}  // namespace ringsync
