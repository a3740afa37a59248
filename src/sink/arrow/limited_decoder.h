// Decoders of values that a destination may not hold: timestamp, date, float and double within its
// limits. Used in the inner loops of column encoders. Thread rule: immutable.
#pragma once

#include <cmath>
#include <cstdint>

#include "cql/scalar.h"
#include "sink/arrow/arrow_encoding.h"

namespace ringsync {

/// timestamp -> microseconds.
struct InstantDecoder {
  explicit InstantDecoder(const ValueLimits& limits)
      : min_ms(limits.timestamp_min_ms), max_ms(limits.timestamp_max_ms) {}

  Decoded operator()(CellView cell, int64_t& out) const {
    int64_t ms = 0;
    const Decoded outcome = decode_timestamp_ms(cell, ms);
    if (outcome != Decoded::kValue) return outcome;
    if (ms < min_ms || ms > max_ms) return Decoded::kUnrepresentable;
    out = ms * 1000;
    return Decoded::kValue;
  }

  int64_t min_ms;
  int64_t max_ms;
};

/// date -> days from 1970-01-01.
struct DateDecoder {
  explicit DateDecoder(const ValueLimits& limits)
      : min_days(limits.date_min_days), max_days(limits.date_max_days) {}

  Decoded operator()(CellView cell, int32_t& out) const {
    int32_t days = 0;
    const Decoded outcome = decode_date_days(cell, days);
    if (outcome != Decoded::kValue) return outcome;
    if (days < min_days || days > max_days) return Decoded::kUnrepresentable;
    out = days;
    return Decoded::kValue;
  }

  int32_t min_days;
  int32_t max_days;
};

/// float or double, NaN only where the destination has it.
template <typename T, Decoded (*kDecode)(CellView, T&)>
struct FloatDecoder {
  explicit FloatDecoder(const ValueLimits& limits) : holds_nan(limits.floats_hold_nan) {}

  Decoded operator()(CellView cell, T& out) const {
    const Decoded outcome = kDecode(cell, out);
    if (outcome != Decoded::kValue || holds_nan || !std::isnan(out)) return outcome;
    return Decoded::kUnrepresentable;
  }

  bool holds_nan;
};

}  // namespace ringsync
