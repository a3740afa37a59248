// FivetranSink: the sink port over Fivetran's Update stream. Schema changes, truncates, records and
// checkpoints leave as messages in the order in which they count; every checkpoint is durable,
// since Fivetran keeps all that came before it. Thread rule: that of Sink.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "model/table.h"
#include "sink/fivetran/fivetran_columns.h"
#include "sink/fivetran/wire_message.h"
#include "sink/sink.h"

namespace ringsync {

struct FivetranSinkOptions {
  FivetranEncoding encoding;
  /// The request's state_json: absent, blank or `{}` before the first sync and after Fivetran was
  /// asked for a full re-sync.
  std::optional<std::string> state_json;
};

/// `stream` outlives the sink. What the sink sends, and when:
/// - open_table(): a schema change (one table, without a schema), where the plan says that the
///   state does not know these columns and types yet. Errors of a table: those of
///   fivetran_columns(); kNameCollision where Fivetran would make one name of two.
/// - begin_table(): one TRUNCATE, where the plan sweeps.
/// - deliver(): batches of at most 100 records and about 100 KiB, a larger record alone.
/// - checkpoint(): the batch begun, then the state.
/// Warnings are not the sink's: what the engine logs is the front door's to show.
/// finish_table() sends nothing: the TRUNCATE before the rows has marked those that are gone.
/// Errors of `stream` end the sync.
std::unique_ptr<Sink> make_fivetran_sink(FivetranSinkOptions options, WireStream& stream);

}  // namespace ringsync
