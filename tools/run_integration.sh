#!/usr/bin/env bash
# Runs the integration tests with the built program; arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/python3 -m pytest "$@"
