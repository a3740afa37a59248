// inet cells as canonical text.
// Thread rule: pure functions.
#pragma once

#include <string>

#include "cql/scalar.h"

namespace ringsync {

/// Appends the address to `out`: native_protocol_v4.spec section 6.9 "inet", 4 or 16 bytes. IPv6
/// is written as RFC 5952 section 4 recommends; IPv4-mapped addresses with a dotted end (section
/// 5).
Decoded append_inet(CellView cell, std::string& out);

}  // namespace ringsync
