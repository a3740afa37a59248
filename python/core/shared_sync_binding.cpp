#include "python/core/shared_sync_binding.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <functional>
#include <memory>
#include <utility>

#include "python/core/arrow_stream.h"
#include "python/core/caller.h"
#include "python/core/checked_configuration.h"
#include "python/core/errors.h"
#include "python/core/shared_sync.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace ringsync::python {
namespace {

/// Columns that Arrow libraries read the schema of.
struct Columns {
  std::vector<ArrowField> fields;
};

/// A Python object that holds a SharedSync: nanobind keeps no pointers to const.
struct PythonSharedSync {
  std::shared_ptr<const SharedSync> sync;
};

nb::dict dict_of(const SharedTable& shared) {
  const TablePlan& plan = shared.plan;
  nb::list key;
  for (size_t i = 0; i < plan.table.primary_key_count; ++i) key.append(plan.table.columns[i].name);
  nb::dict table;
  table["table"] = plan.table.name;
  table["run"] = std::string(to_string(plan.run));
  table["primary_key"] = key;
  table["sweeps"] = plan.sweeps();
  table["after_ms"] = nb::cast(plan.cursor_after_ms);
  table["started_us"] = plan.run_started_us;
  table["cursor_column"] = nb::none();
  if (plan.cursor_column) table["cursor_column"] = plan.table.columns[*plan.cursor_column].name;
  table["columns"] = Columns{shared.fields.plain};
  table["spark_columns"] = Columns{shared.fields.spark};
  set_error(table, shared.error);
  return table;
}

nb::list tables_of(const PythonSharedSync& shared) {
  nb::list tables;
  for (const SharedTable& table : shared.sync->tables()) tables.append(dict_of(table));
  return tables;
}

PythonSharedSync share_sync(const std::string& configuration_json,
                            std::optional<std::string> state_json,
                            std::map<std::string, std::set<std::string>> known,
                            std::vector<std::string> resync) {
  using Opened = std::shared_ptr<const SharedSync>;
  const std::function<Result<Opened>()> open =
      [configuration = configuration_of(configuration_json),
       wish = SharedSyncWish{std::move(state_json), std::move(known), std::move(resync)}] {
        return SharedSync::open(configuration, wish);
      };
  return {value_or_raise(run_interruptibly(open))};
}

}  // namespace

void bind_shared_sync(nb::module_& module) {
  nb::class_<Columns>(module, "Columns", "Columns of a table, as an Arrow schema.")
      .def("__arrow_c_schema__",
           [](const Columns& columns) { return schema_capsule(columns.fields); });
  nb::class_<PythonSharedSync>(module, "SharedSync", "A sync whose tables others read.")
      .def_prop_ro("tables", &tables_of, "What is to be read of each table, by name.")
      .def(
          "state_after",
          [](const PythonSharedSync& shared, const std::set<std::string>& done) {
            return shared.sync->state_after(done);
          },
          "done"_a, "The state's document once these tables are read to their ends.");
  module.def("share_sync", &share_sync, "configuration_json"_a, "state_json"_a.none(), "known"_a,
             "resync"_a, "Connects and plans a sync whose tables others read.");
}

}  // namespace ringsync::python
