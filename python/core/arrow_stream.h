// Scans as Arrow C streams: what pyarrow, polars, DuckDB and other libraries read through
// __arrow_c_stream__. Source: "The Arrow C stream interface" and "The Arrow PyCapsule Interface".
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <vector>

#include "python/core/scan.h"
#include "sink/arrow/arrow_type.h"

namespace ringsync::python {

/// A capsule "arrow_array_stream" over a new run, which begins with the first batch asked for and
/// ends when the stream is released. With the GIL.
nanobind::object stream_capsule(std::shared_ptr<const Scan> scan);

/// A capsule "arrow_schema" of these columns. With the GIL.
nanobind::object schema_capsule(const std::vector<ArrowField>& fields);

}  // namespace ringsync::python
