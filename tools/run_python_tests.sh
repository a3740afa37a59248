#!/usr/bin/env bash
# Runs the Python package's tests; arguments go to pytest. tools/build_python.sh has built it.
# RINGSYNC_TEST_SPARK=newest_spark takes the newest Spark, if tools/setup.sh newest-spark has fetched it.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=build/python/package:.deps/${RINGSYNC_TEST_SPARK:-spark}
# As a customer of Fivetran's has it: its SDK looks up what is not installed in its environment.
.deps/fivetran_sdk/bin/pip install -q --disable-pip-version-check --no-deps --force-reinstall \
  build/python/ringsync-*.whl
exec .venv/bin/python3 -m pytest --rootdir . -o testpaths=tests/python "$@"
