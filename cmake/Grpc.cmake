# ringsync_protobuf and ringsync_grpc: both linked statically, so that the program neither needs some
# forty shared libraries of theirs nor spends its start on them. Debian's gRPCConfig.cmake knows the
# shared ones only, hence the archives by name; in one group, for absl's libraries need each other.
include_guard(GLOBAL)

function(ringsync_find_archives variable)
  foreach(name IN LISTS ARGN)
    find_library(RINGSYNC_ARCHIVE_${name} NAMES lib${name}.a REQUIRED)
    list(APPEND found ${RINGSYNC_ARCHIVE_${name}})
  endforeach()
  set(${variable} ${found} PARENT_SCOPE)
endfunction()

find_package(Protobuf 3.21 REQUIRED)  # for protoc
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
ringsync_find_archives(protobuf_archives protobuf z)
ringsync_find_archives(grpc_archives grpc++_reflection grpc++_unsecure grpc_unsecure gpr upb
  address_sorting re2 cares z)
list(GET grpc_archives 0 folder)
get_filename_component(folder ${folder} DIRECTORY)
file(GLOB absl_archives ${folder}/libabsl_*.a)

add_library(ringsync_protobuf INTERFACE)
target_link_libraries(ringsync_protobuf INTERFACE ${protobuf_archives} Threads::Threads)
add_library(ringsync_grpc INTERFACE)
target_link_libraries(ringsync_grpc INTERFACE
  "$<LINK_GROUP:RESCAN,${grpc_archives},${absl_archives}>" ringsync_protobuf
  Threads::Threads ${CMAKE_DL_LIBS} rt m)
