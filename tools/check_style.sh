#!/usr/bin/env bash
# Formatters and linters that need no build; fails on the first that finds something.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.cpp' '*.h')
.venv/bin/clang-format --dry-run --Werror "${sources[@]}"
.venv/bin/ruff check .
.venv/bin/ruff format --check .
cargo fmt --check --manifest-path src/source/scylla/bridge/Cargo.toml
echo "style: ${#sources[@]} C++ files, Python and Rust are as they should be"
