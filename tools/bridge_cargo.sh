#!/usr/bin/env bash
# Cargo on the driver bridge, with the target folder that the build uses: `test`, `clippy`, …
set -euo pipefail
cd "$(dirname "$0")/../src/source/scylla/bridge"
command="$1"
shift
CARGO_TARGET_DIR=../../../../build/cargo exec cargo "$command" --release --locked "$@"
