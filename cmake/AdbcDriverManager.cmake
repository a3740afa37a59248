# AdbcDriverManager::adbc_driver_manager (loads ADBC drivers): an installed package where there is
# one, else the pinned sources that tools/fetch_dependencies.py fetched.
include_guard(GLOBAL)

find_package(AdbcDriverManager 1.0 QUIET CONFIG)
foreach(kind static shared)
  if(TARGET AdbcDriverManager::adbc_driver_manager_${kind})
    message(STATUS "ADBC driver manager: installed package ${AdbcDriverManager_VERSION}")
    add_library(AdbcDriverManager::adbc_driver_manager ALIAS
      AdbcDriverManager::adbc_driver_manager_${kind})
    return()
  endif()
endforeach()

set(adbc_dir ${PROJECT_SOURCE_DIR}/.deps/adbc_driver_manager)
if(NOT EXISTS ${adbc_dir}/.sha256)
  message(FATAL_ERROR
    "The ADBC driver manager is neither installed nor fetched; run: python3 tools/fetch_dependencies.py")
endif()

add_library(ringsync_adbc_driver_manager STATIC ${adbc_dir}/adbc_driver_manager.cc
  ${adbc_dir}/adbc_driver_manager_api.cc ${adbc_dir}/adbc_driver_manager_driver_loading.cc
  ${adbc_dir}/adbc_driver_manager_profiles.cc)
target_include_directories(ringsync_adbc_driver_manager SYSTEM PUBLIC ${adbc_dir})
target_compile_options(ringsync_adbc_driver_manager PRIVATE -w)
target_link_libraries(ringsync_adbc_driver_manager PUBLIC ${CMAKE_DL_LIBS})
set_target_properties(ringsync_adbc_driver_manager PROPERTIES POSITION_INDEPENDENT_CODE ON)
add_library(AdbcDriverManager::adbc_driver_manager ALIAS ringsync_adbc_driver_manager)
