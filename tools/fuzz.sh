#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs each, one after the other; a line of result each.
#
#   tools/fuzz.sh [SECONDS [TARGET...]]   600 seconds each; every target without a name
#
# RINGSYNC_FUZZ_SEED (1) is libFuzzer's seed. The texts of types, which the bridge reads, are mutated by its
# own test, as the target type_text.
#
# What a run finds of new ground stays in build/fuzz/found/TARGET and is where the next one begins;
# an input that fails a target is kept in build/fuzz/crashes. Mend the product, then put the input
# into tests/fuzz/corpus/TARGET, under a name that begins with crash-. RINGSYNC_FUZZ_MERGE=1 also
# brings what was found into the committed corpus: the smallest set of inputs with the same coverage.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-600}"
seed="${RINGSYNC_FUZZ_SEED:-1}"
[[ $seconds =~ ^[0-9]+$ ]] || {
  sed -n '2,13s/^# \{0,1\}//p' "$0"
  exit 2
}
shift || true
# shellcheck source=tools/setup.sh
source tools/setup.sh
setup_fuzzing
corpus=tests/fuzz/corpus
texts=type_text
targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || targets=($(ls "$corpus") "$texts")

crashes=build/fuzz/crashes
mkdir -p "$crashes"
# An input may take 25 s and 2 GiB: far from what any takes, near enough to tell a hang or a bomb.
limits=(-timeout=25 -rss_limit_mb=2048 -max_len=4096)
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1

# last_number TEXT FILE: the number behind the last TEXT in the log.
last_number() { grep -ao "$1[0-9]*" "$2" | tail -1 | tr -dc 0-9; }

# run_target NAME: false where an input failed it.
run_target() {
  local name="$1" found="build/fuzz/found/$1" log="build/fuzz/$1.log" outcome="no crash"
  local dictionary=()
  mkdir -p "$found"
  [[ ! -f tests/fuzz/$name.dict ]] || dictionary=(-dict="tests/fuzz/$name.dict")
  timeout $((seconds + 300)) build/fuzz/fuzz_"$name" "${limits[@]}" "${dictionary[@]}" -max_total_time="$seconds" \
    -seed="$seed" -print_final_stats=1 -artifact_prefix="$crashes/$name-" "$found" "$corpus/$name" \
    >"$log" 2>&1 || outcome="CRASHED: $(grep -ao "$crashes/$name-[^ ;]*" "$log" | tail -1), log in $log"
  printf 'fuzz %s: seed %s, %s executions in %s s, %s edges covered, %s inputs, %s\n' "$name" "$seed" \
    "$(last_number 'stat::number_of_executed_units: *' "$log")" "$seconds" \
    "$(last_number 'cov: ' "$log")" "$(ls "$found" | wc -l)" "$outcome"
  [[ $outcome == "no crash" ]]
}

# Types as system tables tell them, through the bridge's parser.
run_texts() {
  local log="build/fuzz/$texts.log" outcome="no crash"
  RINGSYNC_FUZZ_SECONDS="$seconds" RINGSYNC_FUZZ_SEED="$seed" timeout $((seconds + 1800)) \
    tools/bridge_cargo.sh test \
    damaged_texts -- --nocapture >"$log" 2>&1 || outcome="CRASHED: log in $log"
  printf 'fuzz %s: seed %s, %s executions in %s s, %s\n' "$texts" "$seed" \
    "$(last_number 'damaged texts: ' "$log")" "$seconds" "$outcome"
  [[ $outcome == "no crash" ]]
}

# Smallest inputs first, so that they are the ones that stay. Past crashes are kept whatever they cover.
merge_corpus() {
  local name="$1" merged
  merged="$(mktemp -d)"
  build/fuzz/fuzz_"$name" -merge=1 "${limits[@]}" "$merged" "$corpus/$name" "build/fuzz/found/$name" \
    >>"build/fuzz/$name.log" 2>&1
  find "$corpus/$name" -type f ! -name 'crash-*' ! -name 'seed-*' -delete
  cp -n "$merged"/* "$corpus/$name"/
  rm -rf "$merged"
}

failed=no
for name in "${targets[@]}"; do
  if [[ $name == "$texts" ]]; then
    run_texts || failed=yes
    continue
  fi
  cmake --preset fuzz >/dev/null
  cmake --build build/fuzz --target "fuzz_$name"
  run_target "$name" || failed=yes
  [[ ${RINGSYNC_FUZZ_MERGE:-} != 1 ]] || merge_corpus "$name"
done
[[ $failed == no ]]
