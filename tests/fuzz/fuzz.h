// What the fuzz targets share. A target is a file with LLVMFuzzerTestOneInput, libFuzzer's entry
// point: it is linked with libFuzzer in the preset `fuzz` and with replay_main.cpp everywhere else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "cql/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace ringsync::fuzz {

/// A property that does not hold ends the program: libFuzzer keeps the input, a replay fails.
inline void check(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "property violated: %.*s\n", static_cast<int>(property.size()),
               property.data());
  std::abort();
}

/// What is shown to people or put into a document is UTF-8 whatever came in.
inline void check_text(std::string_view text, std::string_view property) {
  check(is_utf8(text), property);
}

/// Takes an input apart from its front. Where it is short, what is missing is zero or empty.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}

  uint8_t byte() {
    const Bytes taken = bytes(1);
    return taken.empty() ? uint8_t{0} : taken[0];
  }
  uint16_t number() {
    const Bytes taken = bytes(2);
    return taken.size() < 2 ? uint16_t{0} : load_be16(taken.data());
  }
  /// At most so many bytes.
  Bytes bytes(size_t count) {
    const Bytes taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  /// All that is left; a parser may take from its front.
  Bytes& rest() { return rest_; }

 private:
  Bytes rest_;
};

}  // namespace ringsync::fuzz
