// PageBuilder: writes the bytes of a page of rows as a server sends them, for tests.
#pragma once

#include <bit>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cql/page_view.h"

namespace ringsync {

/// Big-endian bytes of an integer or, through its bits, of a floating-point number.
template <typename T>
std::string wire(T value) {
  std::string out(sizeof(T), '\0');
  uint64_t bits = 0;
  if constexpr (sizeof(T) == 8) {
    bits = std::bit_cast<uint64_t>(value);
  } else if constexpr (sizeof(T) == 4) {
    bits = std::bit_cast<uint32_t>(value);
  } else {
    bits = static_cast<uint64_t>(value);
  }
  for (size_t i = 0; i < sizeof(T); ++i) {
    out[sizeof(T) - 1 - i] = static_cast<char>(bits >> (8 * i));
  }
  return out;
}

/// Bytes written as hexadecimal digits; spaces are skipped.
inline std::string from_hex(std::string_view digits) {
  std::string out;
  int high = -1;
  for (const char c : digits) {
    if (c == ' ') continue;
    const int nibble = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high < 0) {
      high = nibble;
    } else {
      out += static_cast<char>(high * 16 + nibble);
      high = -1;
    }
  }
  return out;
}

/// A cell alone; `bytes` must outlive it.
inline CellView cell_of(std::string_view bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int32_t>(bytes.size())};
}

/// Cells are added row by row. The view lives until the next change or view() of its builder.
class PageBuilder {
 public:
  explicit PageBuilder(uint16_t column_count) : column_count_(column_count) {}

  PageBuilder& bytes(std::string_view cell) {
    region_ += wire(static_cast<int32_t>(cell.size()));
    region_ += cell;
    ++cell_count_;
    return *this;
  }
  PageBuilder& null() {
    region_ += wire(int32_t{-1});
    ++cell_count_;
    return *this;
  }
  template <typename T>
  PageBuilder& number(T value) {
    return bytes(wire(value));
  }
  uint32_t row_count() const { return cell_count_ / column_count_; }
  const std::string& region() const { return region_; }

  PageView view() {
    auto page = index_.index(as_bytes(region_), row_count(), column_count_);
    if (!page) throw std::logic_error(page.error().message);
    return *page;
  }

 private:
  uint16_t column_count_;
  uint32_t cell_count_ = 0;
  std::string region_;
  PageIndex index_;
};

}  // namespace ringsync
