// Reads and writes a column's type as the CQL protocol has it. Not on the data path: once a table,
// when its schema is read and when a scan is told what to expect. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/cql_type.h"

namespace ringsync {

/// The id that stands for a vector in front of its dimensions and element type. The protocol has
/// none: servers send a Java class name instead, which the source translates.
inline constexpr uint16_t kVectorOption = 0x8000;

/// Takes one [option] off the front of `bytes`, with the types inside it.
/// Source: native_protocol_v4.spec, section 4.2.5.2 "Rows" (<type>).
/// A custom type is kCustom and keeps its class name; an id of no known type is kCustom too, called
/// by its number. Error kMalformed where the bytes end early or nest deeper than 64 types.
Result<CqlType> parse_type_option(Bytes& bytes);

/// Appends `type` as parse_type_option() reads it; `keyspace` is that of its user-defined types.
void append_type_option(const CqlType& type, std::string_view keyspace, std::vector<uint8_t>& out);

}  // namespace ringsync
