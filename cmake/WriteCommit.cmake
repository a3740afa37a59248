# Run at each build: writes OUTPUT, a header that says which commit of SOURCE_DIR is built, only when
# that has changed. Sources without a repository of their own leave it empty.
cmake_minimum_required(VERSION 3.25)
set(commit "")
if(EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --abbrev=12 --exclude=* --dirty=+changes
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define RINGSYNC_COMMIT \"@commit@\"\n" @ONLY)
