#!/usr/bin/env bash
# clang-tidy over the product's C++, with the release build's compile commands; fails on any finding.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -f build/release/compile_commands.json ]] || {
  echo "check_tidy: no build/release; run: cmake --preset release && cmake --build --preset release" >&2
  exit 1
}
mapfile -t sources < <(git ls-files --cached --others --exclude-standard 'src/*.cpp')
[[ ${#sources[@]} -gt 20 ]] || {
  echo "check_tidy: only ${#sources[@]} files found" >&2
  exit 1
}
# Left out: how many warnings there were in the headers of libraries, which are not shown.
printf '%s\0' "${sources[@]}" |
  xargs -0 -P"$(nproc)" -n1 .venv/bin/clang-tidy -p build/release --quiet 2>&1 |
  sed -E '/^[0-9]+ warnings?( and [0-9]+ errors?)? generated\.$/d'
echo "clang-tidy: ${#sources[@]} files, nothing found"
