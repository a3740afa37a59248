// SharedSync as Python has it. With the GIL only.
#pragma once

#include <nanobind/nanobind.h>

namespace ringsync::python {

/// Adds share_sync() and the class that it returns.
void bind_shared_sync(nanobind::module_& module);

}  // namespace ringsync::python
