# One static library a folder of src/. What a library may link is what its folder may include;
# tests/layers holds the include graph against the same table.

find_program(CCACHE ccache)
if(CCACHE)
  # With paths from the build's folder, so that what other builds and other clones have compiled is known
  # again (with debug information only where ccache's hash_dir is off).
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

# Flags of all our own code; third-party sources are not linked to it.
# -Wno-restrict: g++ 12 sees overlaps in std::string that are not there (GCC bug 105651).
# What clang warns of besides is clang-tidy's to tell: the fuzz targets are all that it builds.
add_library(ringsync_flags INTERFACE)
target_include_directories(ringsync_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(ringsync_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wno-sign-conversion -Wnon-virtual-dtor
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Werror>)
if(RINGSYNC_SANITIZE)
  # Undefined behaviour must fail its test, not only print a line. Third-party sources go without.
  target_compile_options(ringsync_flags INTERFACE -fsanitize=${RINGSYNC_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RINGSYNC_SANITIZE})
  if(RINGSYNC_SANITIZE MATCHES address)
    # The address sanitizer ends at a null pointer and outside of an object too; the same checks of the
    # other one only take time to compile.
    target_compile_options(ringsync_flags INTERFACE -fno-sanitize=null,object-size)
  endif()
endif()

# ringsync_library(NAME SOURCES file... USES library... [PRIVATE_USES library...])
# USES is what the library's headers and callers need too.
function(ringsync_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC ringsync_flags ${ARG_USES} PRIVATE ${ARG_PRIVATE_USES})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ringsync_flags ${ARG_USES})
  endif()
endfunction()
