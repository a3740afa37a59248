#!/usr/bin/env bash
# Every test: style, layers, unit tests (plain and under sanitizers), the bridge's tests, and the built
# program against a real Cassandra. Installs what is missing. Ends with the runners' own summaries.
#
#   ./test.sh          all of it
#   ./test.sh --quick  without clang-tidy and sanitizers
set -euo pipefail
cd "$(dirname "$0")"

quick=no
case "${1:-}" in
  "") ;;
  --quick) quick=yes ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac

# shellcheck source=tools/setup.sh
source tools/setup.sh
summaries="$(mktemp)"
trap 'rm -f "$summaries"' EXIT
step() { printf '\n== %s (%s)\n' "$*" "$(date -u +%H:%M:%S)"; }

# run_and_keep PATTERN COMMAND...: runs the command and keeps the lines of its summary for the end.
run_and_keep() {
  local pattern="$1" log
  shift
  log="$(mktemp)"
  if ! "$@" 2>&1 | tee "$log"; then
    rm -f "$log"
    printf '\nFAILED: %s\n' "$*"
    return 1
  fi
  grep -E "$pattern" "$log" >>"$summaries" || true
  rm -f "$log"
}

# build_and_test PRESET
build_and_test() {
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1"
  run_and_keep 'tests passed' ctest --preset "$1" -j2
}

step "Setting up"
setup_test
step "Format and linters"
tools/check_style.sh
step "Program and unit tests: release"
build_and_test release
step "Driver bridge: tests"
run_and_keep '^test result' tools/bridge_cargo.sh test
if [[ $quick == no ]]; then
  step "Linters that need the build"
  tools/bridge_cargo.sh clippy --all-targets -- -D warnings
  tools/check_tidy.py
  step "Unit tests: address and undefined-behaviour sanitizers"
  build_and_test asan
  step "Unit tests: thread sanitizer"
  build_and_test tsan
fi
step "The program against a real Cassandra"
run_and_keep '^(=+ )?[0-9]+ (passed|failed)' tools/run_integration.sh

step "Summaries"
cat "$summaries"
