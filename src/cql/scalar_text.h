// Scalar cells as text, each type in one form: what JSON holds, and columns of destinations that
// lack the type. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "cql/scalar.h"
#include "model/cql_type.h"

namespace ringsync {

/// Appends a uuid or timeuuid in its canonical form (RFC 4122 section 3).
Decoded append_uuid(CellView cell, std::string& out);

/// Appends a blob as CQL writes it: "0x" and two lower-case digits a byte.
Decoded append_blob(CellView cell, std::string& out);

/// Appends a timestamp in ISO 8601, UTC, with milliseconds: "2024-02-29T12:00:00.123Z". Years
/// beyond 9999 or before 0 have a sign, and year 0 is the one before year 1: "+10000-01-01T…",
/// "-0044-03-15T…", as ISO 8601's expanded form has it.
Decoded append_timestamp(CellView cell, std::string& out);

/// Appends a date in the same calendar: "2024-02-29", "+10000-01-01", "-0044-03-15".
Decoded append_date(CellView cell, std::string& out);

/// Appends a time with nine digits: "23:59:59.000000001".
Decoded append_time(CellView cell, std::string& out);

/// Append the shortest decimal text that reads back as the same float or double; always with a
/// point or an exponent ("1.0", "1e+30"); "NaN", "Infinity" and "-Infinity" for the rest.
Decoded append_float(CellView cell, std::string& out);
Decoded append_double(CellView cell, std::string& out);

/// Appends any scalar cell in its text form: the ones above; integers, varint and decimal in digits
/// (number_text.h); "true" and "false"; inet and duration (inet_text.h, duration_text.h); text as
/// it is, unchecked. kMalformed for a kind that is not scalar.
Decoded append_scalar(TypeKind kind, CellView cell, std::string& out);

/// True where the cell, which decodes, is the only one with its value: false for floats with
/// another NaN's payload, booleans above 1 and numbers with needless leading bytes. Two keys that
/// differ only so would become one row.
bool is_canonical(TypeKind kind, CellView cell);

}  // namespace ringsync
