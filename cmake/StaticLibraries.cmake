# The libraries that Fivetran's connector and the Python package bring with them, none of them shared:
# fmt, spdlog and nlohmann-json as headers, copied so that nothing else of the folder they are in is
# seen; simdjson as the pinned sources that tools/fetch_dependencies.py fetched.
include_guard(GLOBAL)

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

set(static_headers ${PROJECT_BINARY_DIR}/third_party/include)
foreach(header fmt/format.h spdlog/spdlog.h nlohmann/json.hpp)
  get_filename_component(folder ${header} DIRECTORY)
  find_path(RINGSYNC_HEADERS_${folder} ${header} PATHS /usr/include /usr/local/include REQUIRED)
  file(COPY ${RINGSYNC_HEADERS_${folder}}/${folder} DESTINATION ${static_headers})
endforeach()

# ringsync_headers(NAME DEFINITION...)
function(ringsync_headers name)
  string(REPLACE "::" "_" target ringsync_${name})
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${static_headers})
  target_compile_definitions(${target} INTERFACE ${ARGN})
  add_library(${name} ALIAS ${target})
endfunction()
ringsync_headers(fmt::fmt FMT_HEADER_ONLY)
ringsync_headers(spdlog::spdlog FMT_HEADER_ONLY SPDLOG_FMT_EXTERNAL)
ringsync_headers(nlohmann_json::nlohmann_json)

set(simdjson_dir ${PROJECT_SOURCE_DIR}/.deps/simdjson)
if(NOT EXISTS ${simdjson_dir}/.sha256)
  message(FATAL_ERROR "simdjson is not fetched; run: python3 tools/fetch_dependencies.py")
endif()
add_library(ringsync_simdjson STATIC ${simdjson_dir}/simdjson.cpp)
target_include_directories(ringsync_simdjson SYSTEM PUBLIC ${simdjson_dir})
target_compile_options(ringsync_simdjson PRIVATE -w)
add_library(simdjson::simdjson ALIAS ringsync_simdjson)
