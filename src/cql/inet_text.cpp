#include "cql/inet_text.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "cql/digits.h"

namespace ringsync {
namespace {

constexpr int kGroups = 8;

void append_ipv4(const uint8_t* bytes, std::string& out) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0) out += '.';
    append_integer(bytes[i], out);
  }
}

/// The first longest run of at least two zero groups, which "::" stands for (RFC 5952 section 4.2).
void find_zero_run(const uint16_t* groups, int& run_start, int& run_length) {
  run_start = -1;
  run_length = 1;
  for (int i = 0; i < kGroups;) {
    int end = i;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - i > run_length) {
      run_start = i;
      run_length = end - i;
    }
    i = end + 1;
  }
}

void append_ipv6(const uint8_t* bytes, std::string& out) {
  uint16_t groups[kGroups];
  for (int i = 0; i < kGroups; ++i) groups[i] = load_be16(bytes + ptrdiff_t{2} * i);
  const bool is_mapped =
      std::all_of(groups, groups + 5, [](uint16_t group) { return group == 0; }) &&
      groups[5] == 0xFFFF;
  if (is_mapped) {
    out += "::ffff:";
    append_ipv4(bytes + 12, out);
    return;
  }
  int run_start = 0;
  int run_length = 0;
  find_zero_run(groups, run_start, run_length);
  for (int i = 0; i < kGroups;) {
    if (i == run_start) {
      out += "::";
      i += run_length;
      continue;
    }
    if (i > 0 && (run_start < 0 || i != run_start + run_length)) out += ':';
    char digits[4];
    out.append(digits, std::to_chars(digits, std::end(digits), groups[i], 16).ptr);
    ++i;
  }
}

}  // namespace

Decoded append_inet(CellView cell, std::string& out) {
  switch (cell.size()) {
    case 0: return Decoded::kNull;
    case 4: append_ipv4(cell.data(), out); return Decoded::kValue;
    case 16: append_ipv6(cell.data(), out); return Decoded::kValue;
    default: return Decoded::kMalformed;
  }
}

}  // namespace ringsync
