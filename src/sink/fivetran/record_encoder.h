// RecordEncoder: page -> RecordPage, row by row: each row becomes one record of
// fivetran_sdk.v2.Records, written straight into the buffer that is sent. Thread rule: that of
// PageEncoder.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "model/table.h"
#include "sink/fivetran/fivetran_columns.h"
#include "sink/fivetran/record_buffer.h"
#include "sink/fivetran/record_page.h"
#include "sink/sink.h"

namespace ringsync {

/// The row that is being written.
struct RowSpace {
  RecordBuffer out;
  size_t room = 0;   // what the row takes at most, but for values written as text
  std::string text;  // of one such value
};

/// Writes the cells of one column. Chosen once a table.
class CellWriter {
 public:
  virtual ~CellWriter() = default;
  /// Writes the cell's entry behind the end of `space.out`, where there is room; nothing where the
  /// outcome is not kValue.
  virtual Decoded write(CellView cell, RowSpace& space) const = 0;
  virtual void write_null(RowSpace& space) const = 0;
  /// Room for an entry, but for a text's own bytes.
  virtual size_t room() const = 0;
};

std::unique_ptr<CellWriter> make_cell_writer(const FivetranColumn& column);

class RecordEncoder final : public PageEncoder {
 public:
  /// Errors are those of fivetran_columns().
  static Result<std::unique_ptr<RecordEncoder>> make(const Table& table,
                                                     const FivetranEncoding& encoding,
                                                     std::shared_ptr<BufferPool> pool);

  /// On top of what cells can fail with: kUnrepresentable for a row larger than a message may be.
  Result<std::unique_ptr<EncodedPage>> encode(const PageView& page, uint32_t& failed_row) override;

 private:
  RecordEncoder() = default;
  size_t expected_bytes(const PageView& page) const;
  Status write_row(const PageView& page, uint32_t row);
  Status write_no_value(uint16_t column, Decoded outcome);
  Status end_record(size_t start);

  std::string table_;
  std::string head_;  // of every record: the table's name
  std::vector<FivetranColumn> columns_;
  std::vector<std::unique_ptr<CellWriter>> writers_;
  size_t room_ = 0;  // for a row, but for its texts
  std::shared_ptr<BufferPool> pool_;
  RowSpace space_;
  std::vector<uint32_t> nulled_;  // of the page, by column
  size_t length_bytes_ = 2;       // of the last record's length: most often the next one's too
  double bytes_a_row_ = 0;        // of the last page
};

}  // namespace ringsync
