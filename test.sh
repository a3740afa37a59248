#!/usr/bin/env bash
# Every test: style, layers, promises, unit tests (plain and under sanitizers), the bridge's tests, and
# the built program against real Cassandras. Installs what is missing. Ends with the runners' own
# summaries.
#
#   ./test.sh          all of it
#   ./test.sh --quick  without clang-tidy, sanitizers, and Cassandra's other versions
#   ./test.sh --long   all of it with the full counts; writes docs/long-run.md
set -euo pipefail
cd "$(dirname "$0")"

mode=all
case "${1:-}" in
  "") ;;
  --quick | --long) mode="${1#--}" ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
heap=1g
if [[ $mode == long ]]; then
  heap=3g # 500 tables need more than a gigabyte
  # The tests read their sizes from here; without them they take those for every day.
  export RINGSYNC_TEST_ROWS=20000 RINGSYNC_TEST_KILLS=60 RINGSYNC_TEST_TABLES=500 RINGSYNC_TEST_CALLS=1000
fi

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
stop_all() {
  [[ -z $ahead ]] || kill -- "-$ahead" 2>/dev/null || true
  [[ -z $node_start ]] || wait "$node_start" 2>/dev/null || true
  python3 tools/cassandra/cassandra.py stop --dir "$node/cassandra" >/dev/null || true
  rm -rf "$node"
}
trap stop_all EXIT

started=$SECONDS
step_name=""
end_step() {
  [[ -z $step_name ]] || printf '%5d s  %s\n' $((SECONDS - started)) "$step_name" >>"$results/times.txt"
  started=$SECONDS
}
step() {
  end_step
  step_name="$*"
  printf '\n== %s (%s)\n' "$*" "$(date -u +%H:%M:%S)"
}

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
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1"
  run_and_keep 'tests passed|Not Run|Skipped' ctest --preset "$1" -j2
}

# The tests against Cassandra leave a processor idle half of the time: what the steps behind them need is
# built meanwhile, at the lowest priority. What fails here fails there again, and is told there.
build_ahead() {
  local preset
  for preset in tsan asan; do
    cmake --preset "$preset" && cmake --build --preset "$preset"
  done
  tools/check_tidy.py
}
start_ahead() {
  set -m # a process group of its own, to be ended as a whole
  (nice -n 19 bash -c "$(declare -f build_ahead); build_ahead" </dev/null >"$results/ahead.txt" 2>&1) &
  ahead=$!
  set +m
}
wait_ahead() {
  [[ -z $ahead ]] || wait "$ahead" || true
  ahead=""
}

# What was measured, each skipped test with its reason, and the counts.
pytest_summary='^measured |^SKIPPED |^(=+ )?[0-9]+ (passed|failed)'

step "Setting up"
setup_test
step "Format, linters, layers, promises"
tools/check_style.sh
python3 tests/layers/layers_test.py
python3 tests/promises/promises_test.py
# It starts while the program is built.
(python3 tools/cassandra/cassandra.py start --heap "$heap" --dir "$node/cassandra" >"$node/node.json.new" &&
  mv "$node/node.json.new" "$node/node.json") 2>"$node/log" &
node_start=$!
step "Program and unit tests: release"
build_and_test release
step "Fivetran's connector: one executable"
make build_connector
step "Driver bridge: tests and linter"
run_and_keep '^test result' tools/bridge_cargo.sh test
tools/bridge_cargo.sh clippy --all-targets -- -D warnings
step "The program against real Cassandras"
wait "$node_start" || {
  cat "$node/log"
  exit 1
}
node_start=""
export RINGSYNC_TEST_CASSANDRA="$node/node.json"
versions=()
all_versions=(--every-version)
[[ $mode != quick ]] || versions=(--cassandra=5.0) all_versions=()
[[ $mode == quick ]] || start_ahead
run_and_keep "$pytest_summary" tools/run_integration.sh -rs --junitxml "$results/integration.xml" \
  "${versions[@]}"
run_and_keep '^promises' python3 tests/promises/promises_test.py "$results/integration.xml" \
  "${all_versions[@]}"
step "The Python package: build, and tests against Cassandra and Fivetran's Connector SDK"
tools/build_python.sh
run_and_keep "$pytest_summary" tools/run_python_tests.sh -rs --junitxml "$results/python.xml"
if [[ $mode != quick ]]; then
  step "clang-tidy"
  wait_ahead
  run_and_keep '^clang-tidy' tools/check_tidy.py
  step "Unit tests: thread sanitizer"
  build_and_test tsan
  step "Unit tests: address and undefined-behaviour sanitizers"
  build_and_test asan
  step "The program, built with those sanitizers, against Cassandra"
  # At the sizes of every day: the sanitizers look at code, not at numbers of rows.
  run_and_keep "$pytest_summary" env -u RINGSYNC_TEST_ROWS -u RINGSYNC_TEST_KILLS \
    -u RINGSYNC_TEST_TABLES -u RINGSYNC_TEST_CALLS tools/run_sanitized.sh -rs \
    --junitxml "$results/sanitized.xml"
fi
if [[ $mode == long ]]; then
  step "Wheels of the Python package, each in an empty environment"
  run_and_keep "$pytest_summary|is consistent with" tools/build_wheels.sh
fi
end_step
if [[ $mode == long ]]; then
  .venv/bin/python3 tools/long_run.py "$results/integration.xml" --output docs/long-run.md
fi

printf '\n== Times\n'
cat "$results/times.txt"
printf '\n== Summaries\n'
cat "$summaries"
