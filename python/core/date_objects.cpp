#include "python/core/date_objects.h"

#ifndef Py_LIMITED_API
#include <datetime.h>
#endif

#include <chrono>

#include "python/core/errors.h"

namespace nb = nanobind;

namespace ringsync::python {
namespace {

constexpr int64_t kMicrosecondsPerDay = 86'400'000'000;

struct Day {
  int year = 0;
  int month = 0;
  int day = 0;
};

Day day_of(int64_t days) {
  const std::chrono::year_month_day day = std::chrono::sys_days(std::chrono::days(days));
  return {static_cast<int>(day.year()), static_cast<int>(static_cast<unsigned>(day.month())),
          static_cast<int>(static_cast<unsigned>(day.day()))};
}

struct Moment {
  Day day;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int microsecond = 0;
};

Moment moment_of(int64_t microseconds) {
  int64_t days = microseconds / kMicrosecondsPerDay;
  if (microseconds % kMicrosecondsPerDay < 0) --days;
  const int64_t rest = microseconds - days * kMicrosecondsPerDay;
  const int seconds = static_cast<int>(rest / 1'000'000);
  return {day_of(days), seconds / 3600, seconds / 60 % 60, seconds % 60,
          static_cast<int>(rest % 1'000'000)};
}

}  // namespace

#ifdef Py_LIMITED_API

DateObjects::DateObjects() {
  const nb::module_ datetime = nb::module_::import_("datetime");
  date_class_ = datetime.attr("date");
  datetime_class_ = datetime.attr("datetime");
  utc_ = datetime.attr("timezone").attr("utc");
}

nb::object DateObjects::date(int64_t days) const {
  const Day day = day_of(days);
  return date_class_(day.year, day.month, day.day);
}

nb::object DateObjects::instant(int64_t microseconds) const {
  const Moment at = moment_of(microseconds);
  return datetime_class_(at.day.year, at.day.month, at.day.day, at.hour, at.minute, at.second,
                         at.microsecond, utc_);
}

#else

DateObjects::DateObjects() {
  PyDateTime_IMPORT;
  if (PyDateTimeAPI == nullptr) throw nb::python_error();
}

// They belong to an object so that the interface is imported before.
// NOLINTBEGIN(readability-convert-member-functions-to-static)
nb::object DateObjects::date(int64_t days) const {
  const Day day = day_of(days);
  return owned(PyDate_FromDate(day.year, day.month, day.day));
}

nb::object DateObjects::instant(int64_t microseconds) const {
  const Moment at = moment_of(microseconds);
  return owned(PyDateTimeAPI->DateTime_FromDateAndTime(
      at.day.year, at.day.month, at.day.day, at.hour, at.minute, at.second, at.microsecond,
      PyDateTime_TimeZone_UTC, PyDateTimeAPI->DateTimeType));
}
// NOLINTEND(readability-convert-member-functions-to-static)

#endif

}  // namespace ringsync::python
