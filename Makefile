# Fivetran's build of a native connector: it calls these two targets and takes the one executable
# that is in build/Release/ then. Everything else is built by CMake alone (README.md).
.PHONY: build_dependencies build_connector

# On Debian 12 with Rust 1.89 or newer (rustup's); needs root, or sudo, where packages are missing.
build_dependencies:
	tools/setup.sh connector

build_connector:
	cmake --preset connector
	cmake --build --preset connector
	rm -rf build/Release
	cmake --install build/connector --strip --component connector --prefix build/Release
