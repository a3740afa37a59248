// Errors as Python exceptions. Thread rule: with the GIL only.
#pragma once

#include <utility>

#include "base/result.h"

namespace ringsync::python {

/// Throws the exception of `ringsync` that the error's class has, with code and message.
[[noreturn]] void raise(const Error& error);

/// The value of a result, or its error raised.
template <typename T>
T value_or_raise(Result<T> result) {
  if (!result.ok()) raise(result.error());
  return std::move(result).value();
}

}  // namespace ringsync::python
