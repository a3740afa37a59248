#include "python/core/row_dicts.h"

#include <string>

#include "python/core/errors.h"

namespace nb = nanobind;

namespace ringsync::python {
namespace {

nb::object text(std::string_view bytes) {
  return owned(PyUnicode_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
}

nb::object interned(const std::string& name) {
  PyObject* made = PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size()));
  if (made != nullptr) PyUnicode_InternInPlace(&made);
  return owned(made);
}

}  // namespace

RowDicts::RowDicts(const std::vector<FivetranColumn>& columns) : empty_row_(nb::dict()) {
  for (const FivetranColumn& column : columns) {
    kinds_.push_back(column.type.kind);
    names_.push_back(interned(column.column.name));
    if (PyDict_SetItem(empty_row_.ptr(), names_.back().ptr(), Py_None) != 0) {
      throw nb::python_error();
    }
  }
  loads_ = nb::module_::import_("json").attr("loads");
}

nb::object RowDicts::make(const RowPage& page, uint32_t row) const {
  nb::object made = owned(PyDict_Copy(empty_row_.ptr()));
  for (size_t i = 0; i < names_.size(); ++i) {
    const RowColumn& column = page.columns()[i];
    if (column.null_at(row)) continue;
    const nb::object cell = value(column, kinds_[i], row);
    if (PyDict_SetItem(made.ptr(), names_[i].ptr(), cell.ptr()) != 0) throw nb::python_error();
  }
  return made;
}

nb::object RowDicts::value(const RowColumn& column, FivetranKind kind, uint32_t row) const {
  switch (kind) {
    case FivetranKind::kBoolean: return owned(PyBool_FromLong(column.numbers[row] != 0 ? 1 : 0));
    case FivetranKind::kInt:
    case FivetranKind::kLong: return owned(PyLong_FromLongLong(column.numbers[row]));
    case FivetranKind::kFloat:
    case FivetranKind::kDouble: return owned(PyFloat_FromDouble(column.reals[row]));
    case FivetranKind::kNaiveDate: return dates_.date(column.numbers[row]);
    case FivetranKind::kUtcDatetime: return dates_.instant(column.numbers[row]);
    case FivetranKind::kBinary: {
      const std::string_view bytes = column.bytes_at(row);
      return owned(PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
    }
    case FivetranKind::kJson: return loads_(text(column.bytes_at(row)));
    case FivetranKind::kDecimal:
    case FivetranKind::kString: break;
  }
  return text(column.bytes_at(row));
}

}  // namespace ringsync::python
