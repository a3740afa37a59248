# libduckdb.so beside the program: the ADBC sink opens it at run time by its absolute path, nothing
# links to it. RINGSYNC_DUCKDB_LIBRARY names another one than that of tools/fetch_dependencies.py.
include_guard(GLOBAL)

set(RINGSYNC_DUCKDB_LIBRARY ${PROJECT_SOURCE_DIR}/.deps/duckdb/libduckdb.so CACHE FILEPATH
  "libduckdb.so to put beside the program")
if(NOT EXISTS ${RINGSYNC_DUCKDB_LIBRARY})
  message(FATAL_ERROR
    "${RINGSYNC_DUCKDB_LIBRARY} does not exist; run: python3 tools/fetch_dependencies.py")
endif()
file(CREATE_LINK ${RINGSYNC_DUCKDB_LIBRARY} ${PROJECT_BINARY_DIR}/libduckdb.so
  COPY_ON_ERROR SYMBOLIC)
