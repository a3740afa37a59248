#!/usr/bin/env bash
# The integration tests marked `sanitized`, with the program built with the address and undefined-
# behaviour sanitizers; arguments go to pytest. Fails on any report, whether or not the test that
# caused it noticed: reports go to files, since a test may expect its program to fail.
set -euo pipefail
cd "$(dirname "$0")/.."
reports="$PWD/build/asan/reports"
rm -rf "$reports"
mkdir -p "$reports"
export RINGSYNC="$PWD/build/asan/ringsync"
export ASAN_OPTIONS="log_path=$reports/address:exitcode=86:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
export UBSAN_OPTIONS="log_path=$reports/undefined:exitcode=86:print_stacktrace=1"
passed=yes
tools/run_integration.sh -m sanitized --cassandra=5.0 "$@" || passed=no
found=("$reports"/*)
if [[ -e ${found[0]} ]]; then
  cat "${found[@]}"
  echo "run_sanitized: ${#found[@]} reports of the sanitizers, in $reports"
  exit 1
fi
[[ $passed == yes ]]
