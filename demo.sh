#!/usr/bin/env bash
# The main job, end to end: a real Cassandra with real data, synced into a DuckDB file, changed, and
# synced again. Installs and builds what is missing; leaves .demo/warehouse.db and .demo/state.json.
#
#   ./demo.sh          run it and stop what it started
#   ./demo.sh --keep   leave Cassandra running and print commands to try
set -euo pipefail
cd "$(dirname "$0")"

keep=no
case "${1:-}" in
  "") ;;
  --keep) keep=yes ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac

# shellcheck source=tools/setup.sh
source tools/setup.sh
step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
python=.venv/bin/python3
cassandra="python3 tools/cassandra/cassandra.py"
node=.demo/node.json
ringsync=build/release/ringsync

stop() {
  [[ $keep == yes ]] || $cassandra stop --dir .demo/cassandra >/dev/null || true
}

step "Installing what is missing"
setup_demo
step "Building $ringsync"
cmake --preset release >/dev/null
cmake --build --preset release --target ringsync

step "Starting Cassandra 5"
mkdir -p .demo
trap stop EXIT
$cassandra start --dir .demo/cassandra >$node
step "Loading 336,776 flights and four smaller tables into keyspace nyc"
$python tools/nyc.py --node $node load

# Lag and overlap guard against clocks that differ and writes that become visible late: a sync leaves
# out the last 30 s and the next one looks 300 s back, so recent rows travel twice. Here one client
# writes, and only between syncs; with 0 the second sync shows exactly the changed rows.
$python tools/demo_configuration.py $node .demo/configuration.json --lag 0 --overlap 0
sync() {
  "$ringsync" sync --configuration .demo/configuration.json --to duckdb:.demo/warehouse.db \
    --state .demo/state.json
}

step "First sync: every row of every table"
rm -f .demo/warehouse.db .demo/warehouse.db.wal .demo/state.json
sync
step "A question to the DuckDB file: which airlines are late most?"
$python tools/demo_questions.py late .demo/warehouse.db

step "Changing 500 flights, adding 25, removing an airport"
$python tools/nyc.py --node $node change
step "Second sync: in tables with updated_at only what changed; the others again in full"
sync
step "What travelled"
$python tools/demo_questions.py travelled .demo/warehouse.db

step "Done: .demo/warehouse.db and .demo/state.json"
if [[ $keep == yes ]]; then
  cat <<END
Cassandra is still running. Try:
  $ringsync check --configuration .demo/configuration.json
  $ringsync sync --configuration .demo/configuration.json --to duckdb:.demo/warehouse.db
  $python tools/nyc.py --node $node change --update 10 --add 1
  $cassandra stop --dir .demo/cassandra
END
fi
