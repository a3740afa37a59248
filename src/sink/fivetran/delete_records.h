// Records of rows that are gone, made from the records of the rows as they were read: only the key
// travels. Thread rule: pure function.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sink/fivetran/record_page.h"

namespace ringsync {

/// Records [first, first + count) of the page as DELETE records with their first `key_count`
/// columns. `table`: the table's name, as the page's records have it.
std::shared_ptr<const RecordPage> delete_records(const RecordPage& page, uint32_t first,
                                                 uint32_t count, uint16_t key_count,
                                                 const std::string& table,
                                                 std::shared_ptr<BufferPool> pool);

}  // namespace ringsync
