// Errors as Python exceptions, and exceptions as errors. Thread rule: with the GIL only, but for
// guarded().
#pragma once

#include <nanobind/nanobind.h>

#include <exception>
#include <optional>
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

/// Sets "error_code" and "error_message" of a table's dict: None where there is no error.
void set_error(nanobind::dict& table, const std::optional<Error>& error);

/// A new reference as an object; throws the exception that a null pointer stands for.
nanobind::object owned(PyObject* object);

/// What `work` returns. An exception, memory that ran out or a defect, becomes kInternal: it must
/// not leave a thread of ours, which would end the process. Without Python.
template <typename Work>
auto guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& defect) {
    return Error{ErrorCode::kInternal, defect.what()};
  }
}

}  // namespace ringsync::python
