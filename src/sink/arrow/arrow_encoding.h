// ArrowEncoding: what a user chose and what a destination can hold, as an encoder needs to know it.
// Thread rule: plain values, but for decimal_size, which any thread may call.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "model/cql_type.h"
#include "sink/cell_policy.h"

namespace ringsync {

/// The form of collections, tuples, user-defined types and vectors (`nested_types`).
enum class NestedForm : uint8_t {
  kJson,    // JSON text
  kNative,  // Arrow's nested types; key columns are JSON text all the same
};

/// What a destination's types can hold; DuckDB's by default. A value beyond is unrepresentable.
struct ValueLimits {
  // TIMESTAMPTZ: -290308-12-22 to 294247-01-10T04:00:54.775Z; the largest and smallest int64 of
  // microseconds stand for infinity.
  int64_t timestamp_min_ms = -9'223'372'022'400'000;
  int64_t timestamp_max_ms = 9'223'372'036'854'775;
  // DATE, in days from 1970-01-01; ±(2^31 - 1) stand for infinity.
  int32_t date_min_days = -2'147'483'646;
  int32_t date_max_days = 2'147'483'646;
  bool text_holds_nul = true;   // text and JSON may hold U+0000
  bool floats_hold_nan = true;  // floats and doubles may be NaN; infinite ones fit always
  size_t value_bytes_max = std::numeric_limits<int32_t>::max();  // of a text, JSON or blob
};

struct ArrowEncoding {
  NestedForm nested = NestedForm::kJson;
  OnUnrepresentable on_unrepresentable = OnUnrepresentable::kFail;
  /// `decimal_types`: which decimal and varint columns become fixed-point numbers, and which stay
  /// text. Called with the names of table and column, once a column.
  std::function<std::optional<DecimalSize>(const std::string&, const std::string&)> decimal_size;
  ValueLimits limits;
  // What the destination has no type for and takes as text: timestamps and dates in ISO 8601
  // ("2024-02-29T12:00:00.123Z", "2024-02-29"), times as hh:mm:ss.nnnnnnnnn, UUIDs in their
  // canonical form.
  bool timestamps_as_text = false;
  bool dates_as_text = false;
  bool times_as_text = false;
  bool uuids_as_text = false;
};

}  // namespace ringsync
