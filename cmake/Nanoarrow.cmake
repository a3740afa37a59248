# nanoarrow::nanoarrow (Arrow's C data structures): an installed package where there is one, else
# the pinned sources that tools/fetch_dependencies.py fetched.
include_guard(GLOBAL)

find_package(nanoarrow 0.6 QUIET CONFIG)
if(TARGET nanoarrow::nanoarrow)
  message(STATUS "nanoarrow: installed package ${nanoarrow_VERSION}")
  return()
endif()

set(nanoarrow_dir ${PROJECT_SOURCE_DIR}/.deps/nanoarrow)
if(NOT EXISTS ${nanoarrow_dir}/.sha256)
  message(FATAL_ERROR "nanoarrow is neither installed nor fetched; run: python3 tools/fetch_dependencies.py")
endif()

set(NANOARROW_VERSION_MAJOR 0)
set(NANOARROW_VERSION_MINOR 9)
set(NANOARROW_VERSION_PATCH 0)
set(NANOARROW_VERSION 0.9.0)
set(NANOARROW_NAMESPACE_DEFINE "#define NANOARROW_NAMESPACE Ringsync")
set(nanoarrow_generated ${PROJECT_BINARY_DIR}/third_party/nanoarrow)
configure_file(${nanoarrow_dir}/nanoarrow/nanoarrow_config.h.in
  ${nanoarrow_generated}/nanoarrow/nanoarrow_config.h)

set(nanoarrow_sources ${nanoarrow_dir}/nanoarrow/common)
add_library(ringsync_nanoarrow STATIC ${nanoarrow_sources}/array.c
  ${nanoarrow_sources}/array_stream.c ${nanoarrow_sources}/schema.c ${nanoarrow_sources}/utils.c)
target_include_directories(ringsync_nanoarrow SYSTEM PUBLIC ${nanoarrow_dir} ${nanoarrow_generated}
  ${nanoarrow_generated}/nanoarrow)
set_target_properties(ringsync_nanoarrow PROPERTIES POSITION_INDEPENDENT_CODE ON)
add_library(nanoarrow::nanoarrow ALIAS ringsync_nanoarrow)
