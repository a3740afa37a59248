# What `cmake --install` and the packages hold: the program, its drivers, its documents and the
# licences of all that is linked or shipped.
#
#   cmake --install build/release --strip --prefix DIR
#   cpack --config build/release/CPackConfig.cmake -G DEB    (or TGZ)
#
# The .deb leaves shared libraries to the packages it depends on. The tarball also holds those that a
# system may lack (component `libraries`); C and C++ runtime and OpenSSL stay the system's, which
# keeps them patched.
include_guard(GLOBAL)

# Names of installed files decide where a driver lies, hence no CMAKE_INSTALL_LIBDIR, which varies.
set(driver_folder lib/ringsync)
set(document_folder share/doc/ringsync)

set_target_properties(ringsync PROPERTIES INSTALL_RPATH "$ORIGIN/../${driver_folder}")
install(TARGETS ringsync RUNTIME DESTINATION bin COMPONENT program)

get_property(drivers GLOBAL PROPERTY RINGSYNC_DRIVERS)
install(FILES ${drivers} DESTINATION ${driver_folder} COMPONENT program)

set(licences ${PROJECT_BINARY_DIR}/THIRD_PARTY_LICENCES.txt)
set(bridge ${PROJECT_SOURCE_DIR}/src/source/scylla/bridge)
set(licence_tool ${PROJECT_SOURCE_DIR}/tools/third_party_licences.py)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_custom_command(
  OUTPUT ${licences}
  COMMAND Python3::Interpreter ${licence_tool} --cargo ${CARGO} ${licences}
  DEPENDS ${licence_tool} ${bridge}/Cargo.toml ${bridge}/Cargo.lock
          ${PROJECT_SOURCE_DIR}/tools/fetch_dependencies.py
  COMMENT "Collecting the licences of what is linked and shipped"
  VERBATIM)
add_custom_target(ringsync_licences ALL DEPENDS ${licences})

install(FILES LICENSE README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md ${licences} packaging/copyright
  DESTINATION ${document_folder} COMPONENT program)
install(DIRECTORY examples docs DESTINATION ${document_folder} COMPONENT program)

# The linker's own names (libfmt.so.9), under which the loader looks for them.
install(CODE "
  file(GET_RUNTIME_DEPENDENCIES EXECUTABLES \$<TARGET_FILE:ringsync>
    RESOLVED_DEPENDENCIES_VAR found POST_INCLUDE_REGEXES fmt spdlog simdjson
    POST_EXCLUDE_REGEXES .*)
  foreach(library IN LISTS found)
    file(INSTALL \${library} FOLLOW_SYMLINK_CHAIN
      DESTINATION \${CMAKE_INSTALL_PREFIX}/${driver_folder})
  endforeach()"
  COMPONENT libraries EXCLUDE_FROM_ALL)

set(CPACK_PACKAGE_NAME ringsync)
set(CPACK_PACKAGE_VENDOR "The Ringsync authors")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "streams Cassandra and ScyllaDB keyspaces into databases")
set(CPACK_PACKAGE_DESCRIPTION
  "Copies every table of a keyspace the first time and what has changed afterwards,
 checkpointed so that a crash loses nothing. Drivers of its destinations are included.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_COMPONENTS_ALL program libraries)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_FILE_NAME ringsync-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The Ringsync authors <maintainers@ringsync.invalid>")
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/PackageKinds.cmake)
include(CPack)
