#!/usr/bin/env bash
# Measures Ringsync against the limit of the driver on this machine; prints a table. See bench/README.md.
# Arguments go to bench/run.py (--only, --rounds, --copies, --quick, --before PROGRAM, --json FILE).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../tools/setup.sh
source tools/setup.sh
setup_demo
cmake --preset release >/dev/null
cmake --build --preset release --target ringsync drain count_records replay
tools/build_python.sh
exec .venv/bin/python3 bench/run.py "$@"
