// ringsync._core: what the Python files of the package call. Texts go in and out as JSON where a
// value has structure; the package's own functions are documented there.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <sys/types.h>
#include <unistd.h>

#include <functional>
#include <tuple>

#include "base/log.h"
#include "config/keys.h"
#include "front/sync_options.h"
#include "python/core/arrow_stream.h"
#include "python/core/caller.h"
#include "python/core/checked_configuration.h"
#include "python/core/errors.h"
#include "python/core/log_lines.h"
#include "python/core/scan.h"
#include "python/core/schema.h"
#include "python/core/shared_sync_binding.h"
#include "python/core/sync_session.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace ringsync::python {
namespace {

nb::object declared_type(const FivetranType& type) {
  if (type.kind != FivetranKind::kDecimal) return nb::str(to_string(type).c_str());
  nb::dict declared;
  declared["type"] = "DECIMAL";
  declared["precision"] = type.decimal.precision;
  declared["scale"] = type.decimal.scale;
  return declared;
}

nb::list schema(const std::string& configuration_json) {
  using Tables = std::vector<DeclaredTable>;
  const std::function<Result<Tables>()> find = [configuration =
                                                    configuration_of(configuration_json)] {
    return declared_tables(configuration);
  };
  nb::list tables;
  for (const DeclaredTable& declared : value_or_raise(run_interruptibly(find))) {
    nb::list key;
    nb::dict columns;
    for (const FivetranColumn& column : declared.columns) {
      if (column.is_key) key.append(column.column.name);
      columns[nb::str(column.column.name.c_str())] = declared_type(column.type);
    }
    nb::dict table;
    table["table"] = declared.name;
    table["primary_key"] = key;
    table["columns"] = columns;
    tables.append(table);
  }
  return tables;
}

nb::dict summary_of(const TableSummary& summary) {
  nb::dict table;
  table["table"] = summary.name;
  table["run"] = std::string(to_string(summary.run));
  table["resumed"] = summary.resumed;
  table["finished"] = summary.finished;
  table["rows_read"] = summary.rows_read;
  table["rows_sent"] = summary.rows_sent;
  table["rows_reported"] = summary.rows_reported;
  nb::dict nulled;
  for (const auto& [column, count] : summary.nulled_values) nulled[nb::str(column.c_str())] = count;
  table["nulled_values"] = nulled;
  table["seconds"] = summary.seconds;
  set_error(table, summary.error);
  return table;
}

nb::list sync(const std::string& configuration_json, const std::string& state_json,
              std::vector<std::string> resync, nb::callable upsert, nb::callable truncate,
              nb::callable checkpoint, const nb::callable& between) {
  const SyncSummary summary = run_sync(
      configuration_of(configuration_json), {read_fivetran_state(state_json), std::move(resync)},
      {std::move(upsert), std::move(truncate), std::move(checkpoint)},
      [&](const std::optional<std::string>& progress) { between(nb::cast(progress)); });
  nb::list tables;
  for (const TableSummary& table : summary.tables) tables.append(summary_of(table));
  return tables;
}

/// A part as Python holds it: table's id, range, rows and bytes a row of the whole table.
using PartTuple = std::tuple<std::string, Token, Token, uint64_t, uint64_t>;

/// A scan as Python holds it: a forked process has none of the threads that its connections need.
class PythonScan {
 public:
  explicit PythonScan(std::shared_ptr<const Scan> scan) : scan_(std::move(scan)) {}
  ~PythonScan() {
    if (getpid() == process_) {
      const nb::gil_scoped_release release;  // closing connections takes a moment
      scan_.reset();
    } else {
      new std::shared_ptr<const Scan>(std::move(scan_));  // left alone: ending it would wait
    }
  }
  PythonScan(const PythonScan&) = delete;
  PythonScan& operator=(const PythonScan&) = delete;

  nb::object stream() const { return stream_capsule(here()); }
  nb::object schema() const { return schema_capsule(here()->fields()); }

  std::vector<PartTuple> parts(uint64_t bytes_target, uint32_t least) const {
    PartSizing sizing;
    sizing.part_bytes_target = bytes_target;
    sizing.parts_min = least;
    using Parts = std::vector<ScanPart>;
    const std::function<Result<Parts>()> share_out = [scan = here(), sizing] {
      return scan->parts(sizing);
    };
    std::vector<PartTuple> parts;
    for (const ScanPart& part : value_or_raise(run_interruptibly(share_out))) {
      parts.emplace_back(part.table_id, part.range.start, part.range.end, part.table.rows,
                         part.table.row_bytes);
    }
    return parts;
  }

  int64_t until_ms() const {
    const std::function<Result<int64_t>()> ask = [scan = here()] { return scan->until_ms(); };
    return value_or_raise(run_interruptibly(ask));
  }

  std::unique_ptr<PythonScan> of_part(const PartTuple& part) const {
    const auto& [table_id, start, end, rows, row_bytes] = part;
    return std::make_unique<PythonScan>(
        value_or_raise(here()->of_part({table_id, {start, end}, {rows, row_bytes}})));
  }

 private:
  const std::shared_ptr<const Scan>& here() const {
    if (getpid() != process_) {
      raise({ErrorCode::kUsage,
             "this scan was made in another process; call scan() after the fork, in the process "
             "that reads"});
    }
    return scan_;
  }

  std::shared_ptr<const Scan> scan_;
  pid_t process_ = getpid();
};

std::unique_ptr<PythonScan> open_scan(const std::string& configuration_json,
                                      const std::string& table,
                                      std::optional<std::vector<std::string>> columns,
                                      std::optional<int64_t> since_ms, bool spark_types) {
  using Opened = std::shared_ptr<const Scan>;
  const std::function<Result<Opened>()> open =
      [configuration = configuration_of(configuration_json),
       wish = ScanWish{table, std::move(columns), since_ms, spark_types}] {
        return Scan::open(configuration, wish);
      };
  return std::make_unique<PythonScan>(value_or_raise(run_interruptibly(open)));
}

}  // namespace
}  // namespace ringsync::python

NB_MODULE(_core, m) {
  namespace python = ringsync::python;
  python::collect_log_lines();
  python::note_main_thread();
  m.doc() = "The native part of ringsync; use the package's own functions.";
  m.attr("__version__") = RINGSYNC_VERSION;

  m.def(
      "validate", [](const std::string& json) { python::configuration_of(json); },
      "configuration_json"_a, "Raises ConfigurationError where the configuration is wrong.");
  m.def(
      "configuration_keys",
      [] {
        std::vector<std::string> names;
        for (const auto& key : ringsync::configuration_keys()) names.emplace_back(key.name);
        return names;
      },
      "The names of all keys of the configuration.");
  m.def(
      "overlap_ms",
      [](const std::string& json) {
        return ringsync::sync_options(python::configuration_of(json)).overlap_ms;
      },
      "configuration_json"_a, "`overlap_seconds`, in milliseconds.");
  m.def("schema", &python::schema, "configuration_json"_a,
        "The tables as the Connector SDK wants them declared.");
  m.def("sync", &python::sync, "configuration_json"_a, "state_json"_a, "resync"_a, "upsert"_a,
        "truncate"_a, "checkpoint"_a, "between"_a,
        "Runs a sync into these operations; returns a summary of each table.");
  m.def("take_log_lines", &python::take_log_lines,
        "Log lines since the last call, each a JSON object.");
  m.def("open_scan", &python::open_scan, "configuration_json"_a, "table"_a, "columns"_a.none(),
        "since_ms"_a.none(), "spark_types"_a = false, "Connects and finds the table.");
  nb::class_<python::PythonScan>(
      m, "Scan", "One table as a stream of Arrow record batches; see ringsync.scan.")
      .def(
          "__arrow_c_stream__",
          [](const python::PythonScan& scan, const nb::object&) { return scan.stream(); },
          "requested_schema"_a = nb::none(),
          "A new stream of all rows. It begins to read with the first batch and stops when it is "
          "released. The schema is the table's, whatever is requested.")
      .def(
          "__arrow_c_schema__", [](const python::PythonScan& scan) { return scan.schema(); },
          "The schema of its batches.")
      .def("_parts", &python::PythonScan::parts, "bytes_target"_a, "least"_a,
           "The table shared out among readers: parts that _of_part takes.")
      .def("_until_ms", &python::PythonScan::until_ms,
           "Up to when rows are sure to be seen by now, in milliseconds since the epoch.")
      .def("_of_part", &python::PythonScan::of_part, "part"_a,
           "The same of one part, over the same connections.");
  python::bind_shared_sync(m);
}
