// Messages of the Update stream that are made now and then: everything but rows, as bytes. Source:
// fivetran_sdk.v2.UpdateResponse and the messages in it. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/table.h"
#include "sink/fivetran/fivetran_columns.h"
#include "sink/fivetran/wire_message.h"

namespace ringsync {

/// What stands before the records of a batch, of which `size` bytes follow.
std::string records_head(size_t size);

/// The table has these columns; it lies in no schema.
WireMessage schema_change_message(const Table& table, const std::vector<FivetranColumn>& columns);

/// All rows of the table that were synced before are deleted.
WireMessage truncate_message(const std::string& table);

/// All that was sent before may be kept; the next sync begins with this state.
WireMessage checkpoint_message(std::string state_json);

/// Shown to the user; the sync goes on.
WireMessage warning_message(std::string_view text);

/// Something the user must do; nothing may follow.
WireMessage task_message(std::string_view text);

}  // namespace ringsync
