#include "cql/duration_text.h"

#include <limits>

#include "cql/digits.h"
#include "cql/vint.h"

namespace ringsync {
namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

bool fits_int32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

uint64_t magnitude(int64_t value) {
  return value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

void append_part(uint64_t count, char unit, std::string& out) {
  if (count == 0) return;
  append_integer(count, out);
  out += unit;
}

void append_seconds(uint64_t nanoseconds, std::string& out) {
  const uint64_t fraction = nanoseconds % kNanosecondsPerSecond;
  if (nanoseconds == 0) return;
  append_integer(nanoseconds / kNanosecondsPerSecond, out);
  if (fraction > 0) {
    out += '.';
    append_padded(fraction, 9, out);
    while (out.back() == '0') out.pop_back();
  }
  out += 'S';
}

}  // namespace

Decoded decode_duration(CellView cell, Duration& out) {
  if (cell.size() == 0) return Decoded::kNull;
  Bytes rest = cell.bytes();
  int64_t months = 0;
  int64_t days = 0;
  int64_t nanoseconds = 0;
  if (!read_vint(rest, months) || !read_vint(rest, days) || !read_vint(rest, nanoseconds) ||
      !rest.empty()) {
    return Decoded::kMalformed;
  }
  const bool any_negative = months < 0 || days < 0 || nanoseconds < 0;
  const bool any_positive = months > 0 || days > 0 || nanoseconds > 0;
  if (!fits_int32(months) || !fits_int32(days) || (any_negative && any_positive)) {
    return Decoded::kMalformed;
  }
  out = {static_cast<int32_t>(months), static_cast<int32_t>(days), nanoseconds};
  return Decoded::kValue;
}

Decoded append_duration(CellView cell, std::string& out) {
  Duration duration;
  const Decoded outcome = decode_duration(cell, duration);
  if (outcome != Decoded::kValue) return outcome;
  if (duration.months < 0 || duration.days < 0 || duration.nanoseconds < 0) out += '-';
  const uint64_t months = magnitude(duration.months);
  const uint64_t days = magnitude(duration.days);
  const uint64_t nanoseconds = magnitude(duration.nanoseconds);
  out += 'P';
  append_part(months / 12, 'Y', out);
  append_part(months % 12, 'M', out);
  append_part(days, 'D', out);
  if (nanoseconds > 0) {
    constexpr uint64_t kMinute = 60 * kNanosecondsPerSecond;
    out += 'T';
    append_part(nanoseconds / (60 * kMinute), 'H', out);
    append_part(nanoseconds / kMinute % 60, 'M', out);
    append_seconds(nanoseconds % kMinute, out);
  } else if (months == 0 && days == 0) {
    out += "T0S";
  }
  return Decoded::kValue;
}

}  // namespace ringsync
