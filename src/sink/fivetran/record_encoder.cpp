#include "sink/fivetran/record_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "sink/fivetran/entry_template.h"
#include "sink/fivetran/protobuf_bytes.h"
#include "sink/fivetran/wire_message.h"

namespace ringsync {
namespace {

constexpr double kGrowth = 1.1;  // rows of the next page may be a little longer

/// Bytes of the cells of a row, which lie one behind the other, with their lengths.
size_t row_bytes(const PageView& page, uint32_t row) {
  const CellView first = page.cell(row, 0);
  const CellView last = page.cell(row, static_cast<uint16_t>(page.column_count() - 1));
  return static_cast<size_t>(last.data() - first.data()) + last.size();
}

/// Bytes of all cells of a page that has rows.
size_t page_bytes(const PageView& page) {
  const auto last_column = static_cast<uint16_t>(page.column_count() - 1);
  const CellView last = page.cell(page.row_count() - 1, last_column);
  return static_cast<size_t>(last.data() - page.base()) + last.size();
}

}  // namespace

Result<std::unique_ptr<RecordEncoder>> RecordEncoder::make(const Table& table,
                                                           const FivetranEncoding& encoding,
                                                           std::shared_ptr<BufferPool> pool) {
  std::unique_ptr<RecordEncoder> encoder(new RecordEncoder);
  RINGSYNC_ASSIGN(encoder->columns_, fivetran_columns(table, encoding));
  encoder->table_ = quoted(table.keyspace) + "." + quoted(table.name);
  add_bytes_field(encoder->head_, kRecordTableName, table.name);
  encoder->room_ = 1 + kVarintBytesMost + encoder->head_.size();
  for (const FivetranColumn& column : encoder->columns_) {
    encoder->writers_.push_back(make_cell_writer(column));
    encoder->room_ += encoder->writers_.back()->room();
  }
  encoder->pool_ = std::move(pool);
  return encoder;
}

Result<std::unique_ptr<EncodedPage>> RecordEncoder::encode(const PageView& page,
                                                           uint32_t& failed_row) {
  if (page.column_count() != columns_.size()) {
    return Error{ErrorCode::kSchemaChanged,
                 fmt::format("a page has {} columns where its table's plan has {}",
                             page.column_count(), columns_.size())};
  }
  space_.out = pool_->take();
  space_.out.make_room(expected_bytes(page));
  nulled_.assign(columns_.size(), 0);
  std::vector<size_t> ends;
  ends.reserve(page.row_count());
  for (uint32_t row = 0; row < page.row_count(); ++row) {
    const Status written = write_row(page, row);
    if (!written.ok()) {
      failed_row = row;
      pool_->give_back(std::move(space_.out));
      return written.error();
    }
    ends.push_back(space_.out.size());
  }
  if (!ends.empty()) bytes_a_row_ = static_cast<double>(space_.out.size()) / page.row_count();
  std::vector<NulledValues> nulled;
  for (size_t i = 0; i < nulled_.size(); ++i) {
    if (nulled_[i] > 0) nulled.push_back({static_cast<uint16_t>(i), nulled_[i]});
  }
  return std::unique_ptr<EncodedPage>(std::make_unique<RecordPage>(
      std::move(space_.out), std::move(ends), std::move(nulled), pool_));
}

// Growing copies what is written, and for a moment takes more than twice the memory: a first page
// of wide rows has megabytes. So that one is given room for its bytes and all that stands around
// them.
size_t RecordEncoder::expected_bytes(const PageView& page) const {
  if (page.row_count() == 0) return 0;
  if (bytes_a_row_ > 0) return static_cast<size_t>(bytes_a_row_ * kGrowth * page.row_count());
  return page_bytes(page) + room_ * page.row_count();
}

Status RecordEncoder::write_row(const PageView& page, uint32_t row) {
  space_.room = room_ + row_bytes(page, row);
  space_.out.make_room(space_.room);
  const size_t start = space_.out.size();
  uint8_t* const content = space_.out.end() + 1 + length_bytes_;
  space_.out.set_end(put_bytes(content, head_));
  for (uint16_t column = 0; column < page.column_count(); ++column) {
    const Decoded outcome = writers_[column]->write(page.cell(row, column), space_);
    if (outcome != Decoded::kValue) RINGSYNC_TRY(write_no_value(column, outcome));
  }
  return end_record(start);
}

Status RecordEncoder::write_no_value(uint16_t column, Decoded outcome) {
  const FivetranColumn& place = columns_[column];
  if (!place.becomes_null(outcome, nulled_[column])) return place.cell_failure(outcome);
  writers_[column]->write_null(space_);
  return {};
}

// The length's own size was guessed; where it is another, the record moves by a byte or two.
Status RecordEncoder::end_record(size_t start) {
  RecordBuffer& out = space_.out;
  const size_t size = out.size() - start - 1 - length_bytes_;
  if (size > kWireMessageBytesMax - 2 * (1 + kVarintBytesMost)) {
    return Error{
        ErrorCode::kUnrepresentable,
        fmt::format("table {}: a row of {} bytes; Fivetran takes messages of {} bytes at most. "
                    "Leave its widest column out in the connection's schema, or exclude the table "
                    "with exclude_tables",
                    table_, size, kWireMessageBytesMax)};
  }
  const size_t length_bytes = varint_size(size);
  if (length_bytes != length_bytes_) {
    out.make_room(kVarintBytesMost);
    uint8_t* const content = out.data() + start + 1;
    std::memmove(content + length_bytes, content + length_bytes_, size);
    length_bytes_ = length_bytes;
  }
  uint8_t* const at = out.data() + start;
  at[0] = field_tag(kRecordsRecords, ProtobufWire::kBytes);
  out.set_end(put_varint(at + 1, size) + size);
  return {};
}

}  // namespace ringsync
