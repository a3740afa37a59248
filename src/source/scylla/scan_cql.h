// The CQL text of a range scan. Before the data path: once a table. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "source/source.h"

namespace ringsync {

/// What the text may ask of a ScyllaDB server; a Cassandra server refuses both.
struct ScyllaExtras {
  bool enabled = false;
  int64_t server_timeout_ms = 0;  // how long the server may work on a page; 0: its own default
};

/// SELECT of all columns of the query's table, in order, with two bind markers for the token range
/// (start, end] and one more for each bound of the cursor, the lower first. Bounds are of the
/// cursor's own type, milliseconds since the epoch. A bound that no index serves needs ALLOW
/// FILTERING; one that an index serves must not have it: a server without the index then refuses
/// the statement rather than filter every window. Names are always quoted.
std::string scan_cql(const ScanQuery& query, const ScyllaExtras& extras);

}  // namespace ringsync
