#!/usr/bin/env bash
# Draws what bench/run.sh --json wrote: bench/charts.sh MEASURED.json … docs/charts
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
"$root/tools/setup.sh" charts
exec "$root/.deps/charts/bin/python" "$root/bench/charts/draw.py" "$@"
