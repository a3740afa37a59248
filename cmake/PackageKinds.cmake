# Read by cpack once a generator: how the kinds of package differ.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_COMPONENTS_ALL program)  # shared libraries come from the packages it depends on
else()
  set(CPACK_PACKAGING_INSTALL_PREFIX "")  # a folder to unpack anywhere
endif()
