#include "cql/duration_text.h"

#include <fmt/format.h>

#include <bit>
#include <iterator>
#include <limits>

namespace ringsync {
namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

/// native_protocol_v5.spec section 3 "[unsigned vint]" and "[vint]": the leading one bits of the
/// first byte count the bytes after it; zigzag over the result. False where the bytes end early.
bool read_vint(Bytes& bytes, int64_t& out) {
  if (bytes.empty()) return false;
  const uint8_t first = bytes[0];
  const auto extra = static_cast<size_t>(std::countl_one(first));
  if (bytes.size() < 1 + extra) return false;
  uint64_t value = extra >= 7 ? 0 : first & (0xFFU >> (extra + 1));
  for (size_t i = 1; i <= extra; ++i) value = (value << 8) | bytes[i];
  bytes = bytes.subspan(1 + extra);
  out = static_cast<int64_t>((value >> 1) ^ (uint64_t{0} - (value & 1)));
  return true;
}

bool fits_int32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

uint64_t magnitude(int64_t value) {
  return value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

void append_part(uint64_t count, char unit, std::string& out) {
  if (count > 0) fmt::format_to(std::back_inserter(out), "{}{}", count, unit);
}

void append_seconds(uint64_t nanoseconds, std::string& out) {
  const uint64_t fraction = nanoseconds % kNanosecondsPerSecond;
  if (nanoseconds == 0) return;
  fmt::format_to(std::back_inserter(out), "{}", nanoseconds / kNanosecondsPerSecond);
  if (fraction > 0) {
    fmt::format_to(std::back_inserter(out), ".{:09}", fraction);
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
