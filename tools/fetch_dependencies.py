#!/usr/bin/env python3
"""Fetches the third-party parts that Debian does not package into .deps/ (ignored by git).

Each part is pinned by version and by the SHA-256 of its archive, which is verified before anything
is unpacked. A part that is there already is left alone, so a second run costs next to nothing.
Uses the ordinary clients `npm` and `pip` with their own settings; needs only the standard library.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DEPS = Path(__file__).resolve().parent.parent / ".deps"

# pip has no plain "download this source archive": it asks the archive's build backend for the
# package's metadata, which would install build tools or run the package's own build. This stand-in
# answers from the PKG-INFO file that every source archive holds.
BACKEND = """
import os, shutil
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    fields = dict(line.split(": ", 1) for line in open("PKG-INFO", encoding="utf-8")
                  if line.startswith(("Name: ", "Version: ")))
    name = fields["Name"].strip().replace("-", "_") + "-" + fields["Version"].strip() + ".dist-info"
    os.makedirs(os.path.join(directory, name))
    shutil.copy("PKG-INFO", os.path.join(directory, name, "METADATA"))
    return name
def get_requires_for_build_wheel(config_settings=None):
    return []
get_requires_for_build_sdist = get_requires_for_build_editable = get_requires_for_build_wheel
build_wheel = build_sdist = build_editable = prepare_metadata_for_build_editable = None
"""

ADBC_SOURCES = "adbc_driver_manager-1.13.0/adbc_driver_manager/"
NANOARROW_SOURCES = "nanoarrow-0.9.0/subprojects/arrow-nanoarrow/src/nanoarrow/"


# What is compiled into libduckdb.so; the npm package has DuckDB's own licence only.
DUCKDB_SOURCES = "duckdb-1.5.6/external/duckdb/"
DUCKDB_BUNDLED = (
    "brotli", "concurrentqueue", "fast_float", "fastpforlib", "fmt", "fsst", "httplib",
    "hyperloglog", "jaro_winkler", "jemalloc", "libpg_query", "lz4", "mbedtls", "miniz", "parquet",
    "pcg", "pdqsort", "re2", "ska_sort", "skiplist", "snappy", "snowball", "tdigest", "thrift",
    "utf8proc", "vergesort", "yyjson", "zstd",
)  # fmt: skip


def licences_of_duckdb() -> tuple[tuple[str, str], ...]:
    third_party = DUCKDB_SOURCES + "third_party/"
    wanted = {
        name: third_party + ("thrift/thrift" if name == "thrift" else name) + "/LICENSE"
        for name in DUCKDB_BUNDLED
    }
    wanted["icu"] = DUCKDB_SOURCES + "extension/icu/third_party/icu/LICENSE"
    compression = DUCKDB_SOURCES + "src/include/duckdb/storage/compression/"
    wanted["alp"] = compression + "alp/algorithm/LICENSE"
    return tuple((path, f"{name}/LICENSE") for name, path in wanted.items())


@dataclass(frozen=True)
class Part:
    name: str  # folder under .deps/
    client: str  # "npm", "pip" for source archives, or "pip-wheel"
    package: str
    version: str
    sha256: str
    # Path prefix inside the archive -> what replaces it under the part's folder.
    wanted: tuple[tuple[str, str], ...]


ADBC_DRIVER_VERSION = "1.13.0"


def adbc_driver(database: str, sha256: str) -> Part:
    """An ADBC driver's shared object, out of its wheel for x86-64 Linux."""
    name = f"adbc_driver_{database}"
    licences = f"{name}-{ADBC_DRIVER_VERSION}.dist-info/licenses/"
    library = f"lib{name}.so"
    return Part(
        name=name,
        client="pip-wheel",
        package=name.replace("_", "-"),
        version=ADBC_DRIVER_VERSION,
        sha256=sha256,
        wanted=((f"{name}/{library}", library), (licences, "")),
    )


PARTS = (
    Part(
        name="duckdb",
        client="npm",
        package="@duckdb/node-bindings-linux-x64",
        version="1.5.6-r.1",
        sha256="1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff",
        wanted=(("package/libduckdb.so", "libduckdb.so"), ("package/LICENSE", "LICENSE")),
    ),
    Part(
        name="duckdb_bundled",
        client="pip",
        package="duckdb",
        version="1.5.6",
        sha256="166a91dbfacfc0c9f08cc76c0243cb6d3d4296bfab5bad72a3cfb63140a5b7c8",
        wanted=licences_of_duckdb(),
    ),
    Part(
        name="adbc_driver_manager",
        client="pip",
        package="adbc-driver-manager",
        version="1.13.0",
        sha256="72d616e43d03b735e4000b653307531a2d1820f1f7e0ce949656f0ab939bd53e",
        wanted=(
            (ADBC_SOURCES + "adbc_driver_manager", "adbc_driver_manager"),
            (ADBC_SOURCES + "arrow-adbc/", "arrow-adbc/"),
            (ADBC_SOURCES + "toml++/", "toml++/"),
            (ADBC_SOURCES + "backward.hpp", "backward.hpp"),
            (ADBC_SOURCES + "current_arch.h", "current_arch.h"),
            ("adbc_driver_manager-1.13.0/LICENSE.txt", "LICENSE.txt"),
            ("adbc_driver_manager-1.13.0/NOTICE.txt", "NOTICE.txt"),
        ),
    ),
    Part(
        name="nanoarrow",
        client="pip",
        package="nanoarrow",
        version="0.9.0",
        sha256="1ce15bbed8532839347faa78824c5dbd3769bff60661003e34c6fba5dd881bd3",
        wanted=(
            (NANOARROW_SOURCES + "common/", "nanoarrow/common/"),
            (NANOARROW_SOURCES + "nanoarrow.h", "nanoarrow/nanoarrow.h"),
            (NANOARROW_SOURCES + "nanoarrow_config.h.in", "nanoarrow/nanoarrow_config.h.in"),
        ),
    ),
    # Debian's package has a shared library only, and a wheel must bring its own.
    Part(
        name="simdjson",
        client="pip",
        package="pysimdjson",
        version="7.0.2",
        sha256="44cf276e48912a3b9c7ca362c14da8420a7ac15a9f1a16ec95becff86db3904a",
        wanted=(
            ("pysimdjson-7.0.2/simdjson/simdjson.cpp", "simdjson.cpp"),
            ("pysimdjson-7.0.2/simdjson/simdjson.h", "simdjson.h"),
            ("pysimdjson-7.0.2/LICENSE", "LICENSE"),
        ),
    ),
    adbc_driver("sqlite", "fb51f307cb3c45aa5476c84eae83781079939832f35dd54611dbe6095627ca3d"),
    adbc_driver("postgresql", "a86819ba7c79b1d067c4a5344358b4d346bab58e888d7879ed2b25d97cc59ba1"),
)


class FetchError(Exception):
    """What went wrong, and what the user can do."""


def run_client(command: list[str], environment: dict[str, str] | None = None) -> None:
    if shutil.which(command[0]) is None:
        raise FetchError(f"'{command[0]}' is not installed; install it and run this again")
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise FetchError(f"'{' '.join(command)}' failed:\n{tail}")


def download(part: Part, folder: Path) -> Path:
    """The part's archive, downloaded into `folder`."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    pip += ["--disable-pip-version-check", "--dest", str(folder)]
    if part.client == "npm":
        spec = f"{part.package}@{part.version}"
        run_client(["npm", "pack", "--silent", "--pack-destination", str(folder), spec])
        pattern = "*.tgz"
    elif part.client == "pip-wheel":
        pip += ["--only-binary", ":all:"]
        for platform in ("manylinux_2_28_x86_64", "manylinux_2_26_x86_64"):
            pip += ["--platform", platform]
        run_client([*pip, f"{part.package}=={part.version}"])
        pattern = "*.whl"
    else:
        backend = folder / "backend"
        for package in ("setuptools", "scikit_build_core"):
            (backend / package).mkdir(parents=True)
            (backend / package / "__init__.py").touch()
        for module in ("mesonpy.py", "setuptools/build_meta.py", "scikit_build_core/build.py"):
            (backend / module).write_text(BACKEND, encoding="utf-8")
        pip += ["--no-binary", ":all:", "--no-build-isolation", "--ignore-requires-python"]
        run_client([*pip, f"{part.package}=={part.version}"], {"PYTHONPATH": str(backend)})
        pattern = "*.tar.gz"
    archives = list(folder.glob(pattern))
    if len(archives) != 1:
        raise FetchError(f"{part.client} left {len(archives)} archives for {part.package}")
    return archives[0]


def verify(part: Part, archive: Path) -> None:
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != part.sha256:
        raise FetchError(
            f"{part.package} {part.version}: SHA-256 is {found}, expected {part.sha256}; "
            "the archive is not the one this project was tested with"
        )


def files_of(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Names and contents of the archive's regular files."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for entry in wheel.infolist():
                if not entry.is_dir():
                    with wheel.open(entry) as content:
                        yield entry.filename, content
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                with content:
                    yield member.name, content


def unpack(part: Part, archive: Path, target: Path) -> None:
    """Writes the wanted regular files of the archive; nothing outside `target`."""
    found = set()
    for name, content in files_of(archive):
        for prefix, to in part.wanted:
            if not name.startswith(prefix):
                continue
            path = target / (to + name[len(prefix) :])
            if ".." in path.parts:
                raise FetchError(f"{archive.name} holds an unsafe path: {name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as out:
                shutil.copyfileobj(content, out)
            found.add(prefix)
    missing = [prefix for prefix, _ in part.wanted if prefix not in found]
    if missing:
        raise FetchError(f"{archive.name} does not hold {', '.join(missing)}")


def fetch(part: Part) -> None:
    target = DEPS / part.name
    stamp = target / ".sha256"
    label = f"{part.package} {part.version}"
    if stamp.is_file() and stamp.read_text(encoding="ascii").strip() == part.sha256:
        print(f"{label}: present")
        return
    start = time.monotonic()
    DEPS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DEPS) as folder:
        archive = download(part, Path(folder))
        verify(part, archive)
        fresh = Path(folder) / "unpacked"
        unpack(part, archive, fresh)
        (fresh / ".sha256").write_text(part.sha256 + "\n", encoding="ascii")
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    print(f"{label}: fetched with {part.client} in {time.monotonic() - start:.1f} s")


def main() -> int:
    """Fetches the parts that are named as arguments, or all."""
    wanted = sys.argv[1:] or [part.name for part in PARTS]
    unknown = set(wanted) - {part.name for part in PARTS}
    if unknown:
        print(f"fetch_dependencies: no part is called {', '.join(unknown)}", file=sys.stderr)
        return 2
    try:
        for part in PARTS:
            if part.name in wanted:
                fetch(part)
    except FetchError as error:
        print(f"fetch_dependencies: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
