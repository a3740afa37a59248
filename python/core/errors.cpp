#include "python/core/errors.h"

#include "base/error_catalogue.h"

namespace nb = nanobind;

namespace ringsync::python {
namespace {

/// Names of classes in ringsync/errors.py.
const char* exception_name(const Error& error) {
  if (error.code == ErrorCode::kConfig) return "ConfigurationError";
  if (error.code == ErrorCode::kUnknownTable) return "ConfigurationError";
  switch (catalogue_entry(error.code).kind) {
    case ErrorClass::kSource: return "SourceError";
    case ErrorClass::kTable: return "TableError";
    case ErrorClass::kState: return "StateError";
    case ErrorClass::kDestination: return "DestinationError";
    default: return "RingsyncError";
  }
}

nb::str code_of(const Error& error) {
  const std::string_view code = to_string(error.code);
  return nb::str(code.data(), code.size());
}

/// A server's message may hold bytes that are not UTF-8.
nb::object message_of(const Error& error) {
  return owned(PyUnicode_DecodeUTF8(error.message.data(),
                                    static_cast<Py_ssize_t>(error.message.size()), "replace"));
}

}  // namespace

void raise(const Error& error) {
  const nb::object kind = nb::module_::import_("ringsync.errors").attr(exception_name(error));
  const nb::object made = kind(code_of(error), message_of(error));
  PyErr_SetObject(made.type().ptr(), made.ptr());
  throw nb::python_error();
}

void set_error(nb::dict& table, const std::optional<Error>& error) {
  table["error_code"] = error ? nb::object(code_of(*error)) : nb::none();
  table["error_message"] = error ? message_of(*error) : nb::none();
}

nb::object owned(PyObject* object) {
  if (object == nullptr) throw nb::python_error();
  return nb::steal(object);
}

}  // namespace ringsync::python
