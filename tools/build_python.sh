#!/usr/bin/env bash
# Builds the Python package for .venv's Python and lays it into build/python/package, where
# PYTHONPATH finds it. tools/build_wheels.sh makes the wheels that other machines can use.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf build/python
export CC=cc CXX=c++ # by the names that CMake finds, else ccache takes them for other compilers
.venv/bin/pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation \
  --wheel-dir build/python .
.venv/bin/pip install -q --disable-pip-version-check --no-deps --target build/python/package \
  build/python/ringsync-*.whl
