#!/usr/bin/env bash
# The tests at their full counts, in parts; a day's tests are ./test.sh's. Each part that passes writes
# its section of docs/long-run.md, with commit, seed and command: run it on a clean commit.
#
#   ./test.sh --long [PART...]   all parts, several hours; or those that are named:
#     counts    every other integration test: 20,000 rows of every type, 500 tables
#     fivetran  those of `serve`: 20,000 rows of every type from each checkpoint on, 1,000 calls
#     versions  20,000 rows of every type, and the promises, on Cassandra's other versions
#     crashes   100 kills and full disks of each kind
#     faults    every fault of nodes and lines
#     soak      an hour of syncs under writes
#     fuzz      every fuzz target for ten minutes
#     simulation 10,000 seeded worlds, planted defects, crashes at every step
#     spark     the data source of Spark in a cluster of processes: 2,020,656 rows, kills
#     wheels    the wheels of the Python package, each in an empty environment
set -euo pipefail
cd "$(dirname "$0")/.."

all=(counts fivetran versions crashes faults soak fuzz simulation spark wheels)
parts=("$@")
[[ ${#parts[@]} -gt 0 ]] || parts=("${all[@]}")
for part in "${parts[@]}"; do
  [[ " ${all[*]} " == *" $part "* ]] || {
    sed -n '2,16s/^# \{0,1\}//p' "$0"
    exit 2
  }
done

# What is built is what the sections name, whatever is committed or changed meanwhile.
if ! git diff --quiet HEAD -- ':!docs'; then
  echo "long_run: there are changes that are in no commit; the results would name none" >&2
  exit 1
fi
commit="$(git rev-parse --short=12 HEAD)"
# shellcheck source=tools/setup.sh
source tools/setup.sh
setup_test
cmake --preset release >/dev/null
cmake --build --preset release
results=build/results/long
mkdir -p "$results"

tests=tests/integration
crashes=("$tests"/test_crashes.py "$tests"/test_full_disk.py "$tests"/test_postgresql_killed.py
  "$tests"/test_serve_crashes.py)
faults=("$tests"/test_cluster_faults.py "$tests"/test_network_faults.py)
soak=("$tests"/test_soak.py)
mapfile -t fivetran < <(printf '%s\n' "$tests"/test_serve_*.py | grep -v test_serve_crashes)

# run_tests PART NAME=SIZE... -- ARGUMENT...: the sizes reach the tests by their environment.
run_tests() {
  local part="$1" sizes=()
  shift
  while [[ $1 != -- ]]; do
    sizes+=("$1")
    shift
  done
  shift
  env "${sizes[@]}" tools/run_integration.sh -rs --session-timeout=36000 --junitxml "$results/$part.xml" "$@"
  .venv/bin/python3 tools/long_run.py --commit "$commit" "$part" "$results/$part.xml" "${sizes[@]}"
}

node=""
stop_node() {
  [[ -n $node ]] || return 0
  python3 tools/cassandra/cassandra.py stop --dir "$node/cassandra" >/dev/null
  rm -rf "$node"
  node=""
}
trap stop_node EXIT

start_large_node() { # 500 tables need more than a gigabyte
  node="$(mktemp -d)"
  python3 tools/cassandra/cassandra.py start --heap 3g --dir "$node/cassandra" >"$node/node.json"
}

# run_on_large_node PART NAME=SIZE... -- ARGUMENT...
run_on_large_node() {
  start_large_node
  RINGSYNC_TEST_CASSANDRA="$node/node.json" run_tests "$@"
  stop_node
}
run_counts() {
  run_on_large_node counts \
    RINGSYNC_TEST_ROWS=20000 RINGSYNC_TEST_KILLS=60 RINGSYNC_TEST_TABLES=500 \
    RINGSYNC_TEST_CHANGES=5 RINGSYNC_TEST_HOSTILE_ROWS=1000000 RINGSYNC_TEST_ROUTING=all \
    -- --cassandra=5.0 "${crashes[@]/#/--ignore=}" "${faults[@]/#/--ignore=}" \
    "${soak[@]/#/--ignore=}" "${fivetran[@]/#/--ignore=}"
}
run_fivetran() {
  run_on_large_node fivetran RINGSYNC_TEST_ROWS=20000 RINGSYNC_TEST_CALLS=1000 \
    RINGSYNC_TEST_CHANGES=5 -- --cassandra=5.0 "${fivetran[@]}"
}
run_versions() {
  run_tests versions RINGSYNC_TEST_ROWS=20000 -- --cassandra=4.1 --cassandra=3.11 \
    "$tests"/test_differential.py "$tests"/test_promises.py
}
run_crashes() { run_tests crashes RINGSYNC_TEST_CRASHES=100 -- "${crashes[@]}"; }
run_faults() { run_tests faults RINGSYNC_TEST_FAULTS=all -- "${faults[@]}"; }
run_soak() { run_tests soak RINGSYNC_TEST_SOAK_SECONDS=3600 -- "${soak[@]}"; }
run_fuzz() {
  tools/fuzz.sh 600 | tee "$results/fuzz.txt"
  .venv/bin/python3 tools/long_run.py --commit "$commit" fuzz "$results/fuzz.txt"
}
run_simulation() {
  local simulation=build/release/simulation arguments
  for arguments in "--seeds ${RINGSYNC_TEST_WORLDS:-10000}" "--defects --seeds 200" \
    "--crashes --seeds ${RINGSYNC_TEST_CRASHED_WORLDS:-300}"; do
    printf 'simulation %s\n' "$arguments"
    # shellcheck disable=SC2086  # several words
    timeout 3600 "$simulation" $arguments
  done | tee "$results/simulation.txt"
  .venv/bin/python3 tools/long_run.py --commit "$commit" simulation "$results/simulation.txt"
}
run_spark() {
  local sizes=(RINGSYNC_TEST_SPARK_COPIES="${RINGSYNC_TEST_SPARK_COPIES:-6}" RINGSYNC_TEST_ROWS=5000)
  tools/setup.sh newest-spark
  tools/build_python.sh
  start_large_node
  # What there is no Iceberg for is tested with the other Spark, by ./test.sh.
  env "${sizes[@]}" RINGSYNC_TEST_CASSANDRA="$node/node.json" RINGSYNC_TEST_SPARK=newest_spark \
    tools/run_python_tests.sh -rs --session-timeout=36000 --junitxml "$results/spark.xml" -k "not iceberg" \
    tests/python/test_spark.py tests/python/test_spark_sync.py tests/python/test_spark_at_size.py
  stop_node
  .venv/bin/python3 tools/long_run.py --commit "$commit" spark "$results/spark.xml" "${sizes[@]}"
}
run_wheels() {
  tools/build_wheels.sh "$results/wheels.xml"
  .venv/bin/python3 tools/long_run.py --commit "$commit" wheels "$results/wheels.xml"
}

for part in "${parts[@]}"; do
  printf '\n== The long run: %s (%s)\n' "$part" "$(date -u +%H:%M:%S)"
  "run_$part"
done
