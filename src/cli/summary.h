// The summary of a sync: a text for people and a JSON document for programs. Pure but for
// write_summary_json.
#pragma once

#include <string>

#include "base/result.h"
#include "sync/summary.h"

namespace ringsync {

/// A line for each table with its reconciliation (rows read = rows sent + rows reported), totals,
/// and what failed or does not add up. Ends with a line break.
std::string summary_text(const SyncSummary& summary);

/// The same as one JSON object; its fields stand at the top of summary_json.cpp.
std::string summary_json(const SyncSummary& summary);

/// Writes summary_json to a file. Error kOutput where it cannot be written.
Status write_summary_json(const SyncSummary& summary, const std::string& path);

}  // namespace ringsync
