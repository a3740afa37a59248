#include "sink/fivetran/delete_records.h"

#include <string_view>
#include <utility>
#include <vector>

#include "sink/fivetran/entry_template.h"
#include "sink/fivetran/protobuf_bytes.h"

namespace ringsync {
namespace {

constexpr uint64_t kDelete = 2;

/// Reads the tag, of one byte, and the length of a field off the front of bytes that this program
/// wrote.
uint64_t take_header(std::string_view& rest) {
  size_t at = 1;
  uint64_t length = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(rest[at++]);
    length |= uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80) == 0) break;
  }
  rest.remove_prefix(at);
  return length;
}

/// The entries of the first columns: those of the key.
std::string_view key_entries(std::string_view record, size_t head_size, uint16_t key_count) {
  take_header(record);
  record.remove_prefix(head_size);
  std::string_view rest = record;
  for (uint16_t i = 0; i < key_count; ++i) {
    const uint64_t length = take_header(rest);
    rest.remove_prefix(length);
  }
  return record.substr(0, record.size() - rest.size());
}

}  // namespace

std::shared_ptr<const RecordPage> delete_records(const RecordPage& page, uint32_t first,
                                                 uint32_t count, uint16_t key_count,
                                                 const std::string& table,
                                                 std::shared_ptr<BufferPool> pool) {
  std::string head;
  add_bytes_field(head, kRecordTableName, table);
  RecordBuffer out = pool->take();
  std::vector<size_t> ends;
  std::string record;
  for (uint32_t row = first; row < first + count; ++row) {
    record = head;
    add_number_field(record, kRecordType, kDelete);
    record += key_entries(as_text(page.records(row, 1)), head.size(), key_count);
    std::string field;
    add_bytes_field(field, kRecordsRecords, record);
    out.make_room(field.size());
    out.set_end(put_bytes(out.end(), field));
    ends.push_back(out.size());
  }
  return std::make_shared<const RecordPage>(std::move(out), std::move(ends),
                                            std::vector<NulledValues>(), std::move(pool));
}

}  // namespace ringsync
