#!/usr/bin/env bash
# Every test: style, layers, promises, unit tests (plain and under sanitizers; the bridge's too), and
# the built program against real Cassandras. Installs what is missing. Ends with the runners' own
# summaries.
#
#   ./test.sh                  all of it
#   ./test.sh --quick          without sanitizers, and Cassandra's other versions
#   ./test.sh --long [PART...] the full counts instead, in parts: tools/long_run.sh tells which
#   tools/check_tidy.py        clang-tidy, over what changed since it last passed: before each merge
set -euo pipefail
cd "$(dirname "$0")"

mode=all
case "${1:-}" in
  "") ;;
  --quick) mode=quick ;;
  --long) exec tools/long_run.sh "${@:2}" ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac

# shellcheck source=tools/setup.sh
source tools/setup.sh
results=build/results
rm -rf "$results"
mkdir -p "$results/log"
node="$(mktemp -d)"
summaries="$results/summaries.txt"
touch "$summaries"
node_start=""
ahead=""
lane=""
step_name=""
stop_all() {
  local status=$?
  [[ -z $ahead ]] || kill -- "-$ahead" 2>/dev/null || true
  # An interrupt, so that pytest stops what it has started.
  [[ -z $lane ]] || { kill -INT -- "-$lane" && wait "$lane"; } 2>/dev/null || true
  [[ -z $node_start ]] || wait "$node_start" 2>/dev/null || true
  python3 tools/cassandra/cassandra.py stop --dir "$node/cassandra" >/dev/null || true
  rm -rf "$node"
  [[ $status -eq 0 ]] || printf '\nFAILED (exit %d) in: %s\n' "$status" "$step_name"
}
trap stop_all EXIT

started=$SECONDS
end_step() {
  [[ -z $step_name ]] || printf '%5d s  %s\n' $((SECONDS - started)) "$step_name" >>"$results/times.txt"
  started=$SECONDS
}
step() {
  end_step
  step_name="$*"
  printf '\n== %s (%s)\n' "$*" "$(date -u +%H:%M:%S)"
}

# Nothing that is started here runs without an end. Tests by ctest have a TIMEOUT each; pytest bounds each
# test, what is around it, and its run (pyproject.toml); tools that start servers bound themselves;
# compilers and linters wait for nobody.

# run_and_keep PATTERN COMMAND...: runs the command and keeps the lines of its summary for the end.
run_and_keep() {
  local pattern="$1" log
  shift
  log="$(mktemp -p "$results/log")"
  if ! "$@" 2>&1 | tee "$log"; then
    printf '\nFAILED: %s\n' "$*"
    return 1
  fi
  grep -E "$pattern" "$log" >>"$summaries" || true
}

# build_and_test PRESET
build_and_test() {
  cmake --preset "$1" >/dev/null || return 1
  cmake --build --preset "$1" || return 1
  run_and_keep 'tests passed|Not Run|Skipped' ctest --preset "$1" -j2
}

# What was measured, each skipped test with its reason, and the counts.
pytest_summary='^measured |^SKIPPED |^(=+ )?[0-9]+ (passed|failed)'

test_first_version() {
  step "The program against a real Cassandra"
  run_and_keep "$pytest_summary" tools/run_integration.sh -rs --junitxml "$results/integration.xml" \
    --cassandra=5.0
}
test_other_versions() {
  step "The program against Cassandra's other versions"
  run_and_keep "$pytest_summary" tools/run_integration.sh -rs \
    --junitxml "$results/other_versions.xml" --cassandra=4.1 --cassandra=3.11
}
test_python() {
  step "The Python package: build, and tests against Cassandra and Fivetran's Connector SDK"
  tools/build_python.sh || return 1
  run_and_keep "$pytest_summary" tools/run_python_tests.sh -rs --junitxml "$results/python.xml"
}
test_thread_sanitized() {
  step "Unit tests: thread sanitizer"
  build_and_test tsan
}
test_sanitized() {
  step "Unit tests: address and undefined-behaviour sanitizers"
  build_and_test asan || return 1
  step "The program, built with those sanitizers, against Cassandra"
  run_and_keep "$pytest_summary" tools/run_sanitized.sh -rs --junitxml "$results/sanitized.xml"
}

# Tests against Cassandra leave the processors idle half of the time, so there are two lanes of them,
# side by side; and what the steps behind them need is built ahead, at the lowest priority. What fails to
# build there fails again where it is needed, and is told there.
build_ahead() {
  local preset
  for preset in tsan asan; do
    cmake --preset "$preset" && cmake --build --preset "$preset"
  done
}
second_lane() {
  local passed=yes
  step_name=""
  renice -n 5 -p "$BASHPID" >/dev/null # faults that must end in bounded time are the first lane's
  # What fails does not keep the others from telling what they find.
  test_other_versions || passed=no
  test_python || passed=no
  until [[ -e $results/is_built_ahead ]]; do sleep 1; done
  test_thread_sanitized || passed=no
  test_sanitized || passed=no
  end_step
  [[ $passed == yes ]]
}
start_second_lane() {
  set -m # each a process group of its own, to be ended as a whole
  (second_lane </dev/null >"$results/second_lane.txt" 2>&1) &
  lane=$!
  (
    nice -n 19 bash -c "$(declare -f build_ahead); build_ahead" </dev/null >"$results/ahead.txt" 2>&1
    touch "$results/is_built_ahead"
  ) &
  ahead=$!
  set +m
}
# Fails where the lane has failed, once all of it is told.
end_second_lane() {
  local passed=yes
  wait "$lane" || passed=no
  lane=""
  wait "$ahead" || true
  ahead=""
  cat "$results/second_lane.txt"
  [[ $passed == yes ]]
}

step "Setting up"
setup_test
step "Format, linters, layers, promises"
tools/check_style.sh
python3 tests/layers/layers_test.py
python3 tests/promises/promises_test.py
# It starts while the program is built.
(python3 tools/cassandra/cassandra.py start --heap 2g --dir "$node/cassandra" >"$node/node.json.new" &&
  mv "$node/node.json.new" "$node/node.json") 2>"$node/log" &
node_start=$!
step "Program and unit tests: release"
build_and_test release
step "Fivetran's connector: one executable"
make build_connector
step "Driver bridge: linter"
tools/bridge_cargo.sh clippy --all-targets -- -D warnings
wait "$node_start" || {
  cat "$node/log"
  exit 1
}
node_start=""
export RINGSYNC_TEST_CASSANDRA="$node/node.json"
if [[ $mode == quick ]]; then
  test_first_version
  run_and_keep '^promises' python3 tests/promises/promises_test.py "$results/integration.xml"
  test_python
else
  start_second_lane
  first_passed=yes
  test_first_version || first_passed=no
  step "Waiting for the second lane"
  end_second_lane
  [[ $first_passed == yes ]]
  run_and_keep '^promises' python3 tests/promises/promises_test.py --every-version \
    "$results/integration.xml" "$results/other_versions.xml"
fi
end_step
printf '\n== Times\n'
cat "$results/times.txt"
printf '\n== Summaries\n'
cat "$summaries"
