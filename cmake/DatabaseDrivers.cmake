# The drivers of all databases that a sync can write to. RINGSYNC_<DATABASE>_DRIVER names another
# file than that of tools/fetch_dependencies.py.
include_guard(GLOBAL)
include(Drivers)

function(ringsync_database_driver database default)
  set(RINGSYNC_${database}_DRIVER ${PROJECT_SOURCE_DIR}/.deps/${default} CACHE FILEPATH
    "Driver of ${database} to put beside the program")
  ringsync_driver(${RINGSYNC_${database}_DRIVER})
endfunction()

ringsync_database_driver(DUCKDB duckdb/libduckdb.so)
ringsync_database_driver(SQLITE adbc_driver_sqlite/libadbc_driver_sqlite.so)
ringsync_database_driver(POSTGRESQL adbc_driver_postgresql/libadbc_driver_postgresql.so)
