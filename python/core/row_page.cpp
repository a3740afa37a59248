#include "python/core/row_page.h"

#include <fmt/format.h>

#include <type_traits>

#include "sink/fivetran/value_reader.h"

namespace ringsync::python {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;

class ColumnReader {
 public:
  virtual ~ColumnReader() = default;
  /// All rows of the page. On failure sets `failed_row`.
  virtual Result<RowColumn> read(const PageView& page, uint16_t index,
                                 uint32_t& failed_row) const = 0;
};

template <typename Reader>
class ReadingColumn final : public ColumnReader {
  using Value = typename Reader::Value;
  static constexpr bool kIsText =
      std::is_same_v<Value, std::string> || std::is_same_v<Value, std::string_view>;
  static constexpr bool kIsReal = std::is_floating_point_v<Value>;

 public:
  ReadingColumn(FivetranColumn column, Reader reader)
      : column_(std::move(column)), reader_(std::move(reader)) {}

  Result<RowColumn> read(const PageView& page, uint16_t index,
                         uint32_t& failed_row) const override {
    RowColumn out;
    const uint32_t rows = page.row_count();
    kIsText   ? out.ends.reserve(rows)
    : kIsReal ? out.reals.reserve(rows)
              : out.numbers.reserve(rows);
    for (uint32_t row = 0; row < rows; ++row) {
      const Decoded outcome = add(page.cell(row, index), out);
      if (outcome == Decoded::kValue) continue;
      if (!column_.becomes_null(outcome, out.nulled_count)) {
        failed_row = row;
        return column_.cell_failure(outcome);
      }
      if (out.is_null.empty()) out.is_null.resize(rows);
      out.is_null[row] = 1;
    }
    return out;
  }

 private:
  /// Appends the cell's value, or something in its place.
  Decoded add(CellView cell, RowColumn& out) const {
    if constexpr (std::is_same_v<Value, std::string>) {
      const Decoded outcome = reader_(cell, out.bytes);
      out.ends.push_back(out.bytes.size());
      return outcome;
    } else {
      Value value{};
      const Decoded outcome = reader_(cell, value);
      if constexpr (kIsText) {
        if (outcome == Decoded::kValue) out.bytes.append(value);
        out.ends.push_back(out.bytes.size());
      } else if constexpr (kIsReal) {
        out.reals.push_back(static_cast<double>(value));
      } else if constexpr (std::is_same_v<Value, Instant>) {
        const bool is_day = column_.type.kind == FivetranKind::kNaiveDate;
        out.numbers.push_back(is_day ? value.seconds / kSecondsPerDay
                                     : value.seconds * 1'000'000 + value.nanos / 1000);
      } else {
        out.numbers.push_back(static_cast<int64_t>(value));
      }
      return outcome;
    }
  }

  const FivetranColumn column_;
  const Reader reader_;
};

std::unique_ptr<ColumnReader> make_reader(const FivetranColumn& column) {
  return visit_value_reader(column, [&](auto reader) -> std::unique_ptr<ColumnReader> {
    return std::make_unique<ReadingColumn<decltype(reader)>>(column, std::move(reader));
  });
}

class RowPageEncoder final : public PageEncoder {
 public:
  explicit RowPageEncoder(const std::vector<FivetranColumn>& columns) {
    for (const FivetranColumn& column : columns) readers_.push_back(make_reader(column));
  }

  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t& failed_row) override {
    if (page.column_count() != readers_.size()) {
      return Error{ErrorCode::kSchemaChanged,
                   fmt::format("a page has {} columns where its table's plan has {}",
                               page.column_count(), readers_.size())};
    }
    std::vector<RowColumn> columns;
    columns.reserve(readers_.size());
    for (uint16_t index = 0; index < readers_.size(); ++index) {
      RINGSYNC_ASSIGN(RowColumn column, readers_[index]->read(page, index, failed_row));
      columns.push_back(std::move(column));
    }
    return std::unique_ptr<EncodedPage>(std::make_unique<RowPage>(std::move(columns)));
  }

 private:
  std::vector<std::unique_ptr<ColumnReader>> readers_;
};

}  // namespace

RowPage::RowPage(std::vector<RowColumn> columns) : columns_(std::move(columns)) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    byte_size_ += columns_[i].byte_size();
    if (columns_[i].nulled_count == 0) continue;
    nulled_.push_back({static_cast<uint16_t>(i), columns_[i].nulled_count});
  }
}

std::unique_ptr<PageEncoder> make_row_page_encoder(const std::vector<FivetranColumn>& columns) {
  return std::make_unique<RowPageEncoder>(columns);
}

}  // namespace ringsync::python
