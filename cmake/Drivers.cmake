# Database drivers: shared libraries that the program opens at run time by their absolute path;
# nothing links to them. They lie beside the program in the build, and in lib/ringsync when installed.
include_guard(GLOBAL)

# ringsync_driver(FILE): puts the driver beside the program and among what is installed.
function(ringsync_driver file)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "${file} does not exist; run: python3 tools/fetch_dependencies.py")
  endif()
  get_filename_component(name ${file} NAME)
  file(CREATE_LINK ${file} ${PROJECT_BINARY_DIR}/${name} COPY_ON_ERROR SYMBOLIC)
  # The file itself, not a link to it, is what a package must hold.
  file(REAL_PATH ${file} real)
  set_property(GLOBAL APPEND PROPERTY RINGSYNC_DRIVERS ${real})
endfunction()
