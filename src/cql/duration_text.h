// duration cells as ISO 8601 text.
// Thread rule: pure functions.
#pragma once

#include <string>

#include "cql/scalar.h"

namespace ringsync {

struct Duration {
  int32_t months = 0;
  int32_t days = 0;
  int64_t nanoseconds = 0;
};

/// native_protocol_v5.spec section 6.8 "duration" (v4 carries it as a custom type in the same
/// bytes): three zigzag [vint]s: months, days, nanoseconds, all of one sign or zero.
Decoded decode_duration(CellView cell, Duration& out);

/// Appends the value to `out` in the ISO 8601 form that CQL reads: "P1Y2M3DT4H5M6.000000007S".
/// Months become years and months; days and nanoseconds stay apart. A negative duration starts with
/// "-".
Decoded append_duration(CellView cell, std::string& out);

}  // namespace ringsync
