// Python's date and datetime from days and microseconds. With the GIL only.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>

namespace ringsync::python {

/// Made through CPython's own interface to them, which spares a call of their classes with its
/// arguments as objects. The stable ABI lacks it: there the classes are called.
class DateObjects {
 public:
  DateObjects();

  /// datetime.date of days since 1970-01-01. Throws nb::python_error outside of years 1 to 9999.
  nanobind::object date(int64_t days) const;

  /// datetime.datetime in UTC of microseconds since 1970-01-01T00:00. Throws as date() does.
  nanobind::object instant(int64_t microseconds) const;

#ifdef Py_LIMITED_API
 private:
  nanobind::object date_class_;
  nanobind::object datetime_class_;
  nanobind::object utc_;
#endif
};

}  // namespace ringsync::python
