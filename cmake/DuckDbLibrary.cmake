# libduckdb.so among the drivers. RINGSYNC_DUCKDB_LIBRARY names another one than that of
# tools/fetch_dependencies.py.
include_guard(GLOBAL)
include(Drivers)

set(RINGSYNC_DUCKDB_LIBRARY ${PROJECT_SOURCE_DIR}/.deps/duckdb/libduckdb.so CACHE FILEPATH
  "libduckdb.so to put beside the program")
ringsync_driver(${RINGSYNC_DUCKDB_LIBRARY})
