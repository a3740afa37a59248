#include "cql/scalar_text.h"

#include <array>
#include <cmath>
#include <cstring>
#include <string_view>

#include "cql/digits.h"
#include "cql/duration_text.h"
#include "cql/inet_text.h"
#include "cql/number_text.h"

namespace ringsync {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;

/// The two digits of each byte, one byte after the other.
constexpr std::array<char, 512> kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = kDigits[byte >> 4];
    pairs[2 * byte + 1] = kDigits[byte & 15];
  }
  return pairs;
}();

/// Two digits a byte. Returns the end of what it wrote.
char* write_hex(Bytes bytes, char* at) {
  for (const uint8_t byte : bytes) {
    std::memcpy(at, &kHexPairs[size_t{2} * byte], 2);
    at += 2;
  }
  return at;
}

struct CivilDate {
  int64_t year;
  unsigned month;
  unsigned day;
};

/// Proleptic Gregorian calendar, for any int64 of milliseconds: the standard library's ends at the
/// year 32767. Years are counted from March, in eras of 400 years.
CivilDate civil_from_days(int64_t days) {
  constexpr int64_t kDaysPerEra = 146'097;
  constexpr int64_t kEpochFromMarchOfYear0 = 719'468;
  const int64_t shifted = days + kEpochFromMarchOfYear0;
  const int64_t era = (shifted >= 0 ? shifted : shifted - kDaysPerEra + 1) / kDaysPerEra;
  const auto day_of_era = static_cast<unsigned>(shifted - era * kDaysPerEra);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_from_march = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

void append_days(int64_t days, std::string& out) {
  const CivilDate date = civil_from_days(days);
  const auto year = static_cast<uint64_t>(std::abs(date.year));
  if (date.year < 0) out += '-';
  if (date.year > 9999) out += '+';
  if (year > 9999) {
    append_integer(year, out);
  } else {
    append_padded(year, 4, out);
  }
  out += '-';
  append_padded(date.month, 2, out);
  out += '-';
  append_padded(date.day, 2, out);
}

/// hh:mm:ss, a point and the fraction's digits. `count`: of units, so many a second.
void append_time_of_day(uint64_t count, uint64_t units_a_second, size_t digits, std::string& out) {
  const uint64_t seconds = count / units_a_second;
  append_padded(seconds / 3600, 2, out);
  out += ':';
  append_padded(seconds / 60 % 60, 2, out);
  out += ':';
  append_padded(seconds % 60, 2, out);
  out += '.';
  append_padded(count % units_a_second, digits, out);
}

template <typename T>
void append_floating(T value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    const size_t start = out.size();
    append_shortest(value, out);
    if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
  }
}

template <typename T, Decoded (*kDecode)(CellView, T&)>
Decoded append_decoded(CellView cell, std::string& out) {
  T value{};
  const Decoded outcome = kDecode(cell, value);
  if (outcome != Decoded::kValue) return outcome;
  if constexpr (std::is_floating_point_v<T>) {
    append_floating(value, out);
  } else if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else {
    append_integer(value, out);
  }
  return outcome;
}

Decoded append_text(CellView cell, std::string& out) {
  if (cell.is_null()) return Decoded::kNull;
  out += as_text(cell.bytes());
  return Decoded::kValue;
}

}  // namespace

Decoded append_uuid(CellView cell, std::string& out) {
  const Decoded outcome = fixed_size_outcome(cell, 16);
  if (outcome != Decoded::kValue) return outcome;
  constexpr size_t kGroupBytes[] = {4, 2, 2, 2, 6};
  std::array<char, 36> text;
  char* at = text.data();
  Bytes rest = cell.bytes();
  for (const size_t size : kGroupBytes) {
    if (at != text.data()) *at++ = '-';
    at = write_hex(rest.first(size), at);
    rest = rest.subspan(size);
  }
  out.append(text.data(), text.size());
  return outcome;
}

Decoded append_blob(CellView cell, std::string& out) {
  if (cell.is_null()) return Decoded::kNull;
  const size_t start = out.size();
  out.resize(start + 2 + 2 * cell.size());
  out.replace(start, 2, "0x");
  write_hex(cell.bytes(), out.data() + start + 2);
  return Decoded::kValue;
}

Decoded append_timestamp(CellView cell, std::string& out) {
  int64_t ms = 0;
  const Decoded outcome = decode_timestamp_ms(cell, ms);
  if (outcome != Decoded::kValue) return outcome;
  // From the remainder: the first day of all begins before the least int64 of milliseconds.
  const bool is_before = ms % kMsPerDay < 0;
  const int64_t days = ms / kMsPerDay - (is_before ? 1 : 0);
  const int64_t of_day = ms % kMsPerDay + (is_before ? kMsPerDay : 0);
  append_days(days, out);
  out += 'T';
  append_time_of_day(static_cast<uint64_t>(of_day), 1000, 3, out);
  out += 'Z';
  return outcome;
}

Decoded append_date(CellView cell, std::string& out) {
  int32_t days = 0;
  const Decoded outcome = decode_date_days(cell, days);
  if (outcome == Decoded::kValue) append_days(days, out);
  return outcome;
}

Decoded append_time(CellView cell, std::string& out) {
  int64_t ns = 0;
  const Decoded outcome = decode_time_ns(cell, ns);
  if (outcome != Decoded::kValue) return outcome;
  append_time_of_day(static_cast<uint64_t>(ns), 1'000'000'000, 9, out);
  return outcome;
}

Decoded append_float(CellView cell, std::string& out) {
  return append_decoded<float, decode_float>(cell, out);
}

Decoded append_double(CellView cell, std::string& out) {
  return append_decoded<double, decode_double>(cell, out);
}

Decoded append_scalar(TypeKind kind, CellView cell, std::string& out) {
  switch (kind) {
    case TypeKind::kAscii:
    case TypeKind::kText: return append_text(cell, out);
    case TypeKind::kBlob: return append_blob(cell, out);
    case TypeKind::kTinyint: return append_decoded<int8_t, decode_tinyint>(cell, out);
    case TypeKind::kSmallint: return append_decoded<int16_t, decode_smallint>(cell, out);
    case TypeKind::kInt: return append_decoded<int32_t, decode_int>(cell, out);
    case TypeKind::kBigint:
    case TypeKind::kCounter: return append_decoded<int64_t, decode_bigint>(cell, out);
    case TypeKind::kBoolean: return append_decoded<bool, decode_boolean>(cell, out);
    case TypeKind::kFloat: return append_float(cell, out);
    case TypeKind::kDouble: return append_double(cell, out);
    case TypeKind::kVarint: return append_varint(cell, out);
    case TypeKind::kDecimal: return append_decimal(cell, out);
    case TypeKind::kTimestamp: return append_timestamp(cell, out);
    case TypeKind::kDate: return append_date(cell, out);
    case TypeKind::kTime: return append_time(cell, out);
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid: return append_uuid(cell, out);
    case TypeKind::kInet: return append_inet(cell, out);
    case TypeKind::kDuration: return append_duration(cell, out);
    default: return Decoded::kMalformed;
  }
}

bool is_canonical(TypeKind kind, CellView cell) {
  switch (kind) {
    case TypeKind::kFloat: {
      const uint32_t bits = load_be32(cell.data());
      return (bits & 0x7FFF'FFFFU) <= 0x7F80'0000U || bits == 0x7FC0'0000U;
    }
    case TypeKind::kDouble: {
      const uint64_t bits = load_be64(cell.data());
      return (bits & 0x7FFF'FFFF'FFFF'FFFFU) <= 0x7FF0'0000'0000'0000U ||
             bits == 0x7FF8'0000'0000'0000U;
    }
    case TypeKind::kBoolean: return cell.data()[0] <= 1;
    case TypeKind::kVarint: return is_minimal_varint(cell.bytes());
    case TypeKind::kDecimal: return is_minimal_varint(cell.bytes().subspan(4));
    default: return true;
  }
}

}  // namespace ringsync
