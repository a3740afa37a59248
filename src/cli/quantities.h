// Numbers as people read them: rows, bytes, times. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace ringsync {

/// 1234567 as "1,234,567".
std::string grouped(uint64_t number);

/// Bytes in decimal units, as "999 B", "1.2 kB", "34.5 GB".
std::string byte_text(uint64_t bytes);

/// Seconds as "0.4 s", "59 s", "2:05", "1:02:05".
std::string duration_text(double seconds);

/// Rows a second; 0 where no time has passed.
uint64_t rate(uint64_t rows, double seconds);

}  // namespace ringsync
