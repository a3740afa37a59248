#!/usr/bin/env python3
"""Writes the licences of everything that the program links and of what is shipped with it; with
--wheel, of what the Python wheel holds.

The works are found: the crates by Cargo's own resolution of Cargo.lock for this machine, Rust's
library in its toolchain, the parts that fetch_dependencies.py pins, and Debian's C++ libraries. A
work without a text is an error. Texts that are equal stand once, under all their works.
"""

import argparse
import html
import importlib.metadata
import json
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import fetch_dependencies

ROOT = pathlib.Path(__file__).resolve().parent.parent
BRIDGE = ROOT / "src/source/scylla/bridge/Cargo.toml"
APACHE = ROOT / "LICENSE"  # the text of Apache-2.0 without a name in it
LICENCE_FILE = re.compile(r"(un)?licen[sc]e|copying|notice|copyright", re.IGNORECASE)

# Debian's packages of what is linked, or compiled in from headers.
DEBIAN = (
    "libfmt-dev", "libspdlog-dev", "libcli11-dev", "nlohmann-json3-dev", "libsimdjson-dev",
    "libssl-dev", "libgrpc-dev", "libprotobuf-dev", "libabsl-dev", "libre2-dev", "libc-ares-dev",
    "zlib1g-dev",
)  # fmt: skip
# What the wheel takes of these, and what it alone takes.
WHEEL_DEBIAN = ("libfmt-dev", "libspdlog-dev", "nlohmann-json3-dev", "libstdc++6")
WHEEL_PARTS = {"nanoarrow", "simdjson"}
WHEEL_ONLY_PARTS = {"simdjson"}
WHEEL_FEATURES = ("--no-default-features", "--features", "rustls")
# Single headers inside a fetched part that have an author of their own.
HEADERS = {
    "backward-cpp": "adbc_driver_manager/backward.hpp",
    "toml++": "adbc_driver_manager/toml++/toml.hpp",
}


class LicenceError(Exception):
    """Which work has no licence text, and what to do."""


@dataclass(frozen=True)
class Work:
    name: str
    version: str
    licence: str  # as its package declares it; empty: see the text
    texts: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}".strip()


def texts_in(folder: pathlib.Path) -> tuple[str, ...]:
    files = (
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and LICENCE_FILE.match(path.name)
        and path.suffix not in {".rs", ".py", ".h", ".hpp", ".cc", ".c"}
    )
    return tuple(path.read_text(encoding="utf-8", errors="replace") for path in files)


def crates(cargo: str, features: tuple[str, ...]) -> Iterator[Work]:
    """Every crate that is compiled for this machine, the bridge itself left out."""
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = re.search(r"^host: (.*)$", version, re.MULTILINE)
    assert host is not None
    command = [cargo, "metadata", "--format-version", "1", "--locked", *features]
    command += ["--filter-platform", host[1], "--manifest-path", str(BRIDGE)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    packages = {package["id"]: package for package in found["packages"]}
    nodes = {node["id"]: node for node in found["resolve"]["nodes"]}
    root = found["resolve"]["root"]
    reached, waiting = {root}, [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            is_built = any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
            if is_built and dependency["pkg"] not in reached:
                reached.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    for identity in sorted(reached - {root}):
        package = packages[identity]
        declared = package["license"] or ""
        texts = texts_in(pathlib.Path(package["manifest_path"]).parent)
        if not texts and "Apache-2.0" in declared:
            texts = (APACHE.read_text(encoding="utf-8"),)  # declared, but not in its archive
        yield Work(package["name"], package["version"], declared, texts)


def rust_library() -> Work:
    command = ["rustc", "--print", "sysroot"]
    root = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    version = subprocess.run(
        ["rustc", "--version"], check=True, capture_output=True, text=True
    ).stdout.split()[1]
    texts: tuple[str, ...] = ()
    pages = [pathlib.Path(root, "share/doc", name) for name in ("rust", "rustc")]
    for page in (folder / "COPYRIGHT-library.html" for folder in pages):
        if page.is_file():
            plain = re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8"))
            texts = (re.sub(r"\n\s*\n+", "\n\n", html.unescape(plain)),)
    for package in ("rustc-web", "rustc"):
        page = pathlib.Path("/usr/share/doc", package, "copyright")
        if not texts and page.is_file():
            texts = (page.read_text(encoding="utf-8"),)
    return Work("Rust's standard library", version, "MIT OR Apache-2.0", texts)


def leading_comment(path: pathlib.Path) -> str:
    """The header's first comments, up to its first line of code."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not re.match(r"\s*(//|/\*|\*)", line):
            break
        lines.append(re.sub(r"^\s*(//|/\*+|\*/|\*) ?", "", line))
    return "\n".join(lines)


def bundled_with_duckdb(part: fetch_dependencies.Part) -> Iterator[Work]:
    """What DuckDB's library is compiled of, each by the name of its folder there."""
    for name in sorted(path.partition("/")[0] for _, path in part.wanted):
        texts = texts_in(fetch_dependencies.DEPS / part.name / name)
        yield Work(f"{name}, in DuckDB", part.version, "", texts)


def fetched_parts(for_wheel: bool) -> Iterator[Work]:
    for part in fetch_dependencies.PARTS:
        if part.name not in WHEEL_PARTS if for_wheel else part.name in WHEEL_ONLY_PARTS:
            continue
        if part.name == "duckdb_bundled":
            yield from bundled_with_duckdb(part)
            continue
        folder = fetch_dependencies.DEPS / part.name
        texts = texts_in(folder)
        if part.name == "nanoarrow":  # its archive holds none; its files say Apache-2.0
            header = leading_comment(folder / "nanoarrow/nanoarrow.h")
            texts = (header, APACHE.read_text(encoding="utf-8"))
        if part.name == "simdjson":  # its wrapper's archive refers to the text
            texts = (*texts, APACHE.read_text(encoding="utf-8"))
        yield Work(part.package, part.version, "", texts)
    if for_wheel:
        return
    for name, header in HEADERS.items():
        yield Work(name, "", "MIT", (leading_comment(fetch_dependencies.DEPS / header),))


def debian_packages(names: tuple[str, ...]) -> Iterator[Work]:
    for package in names:
        page = pathlib.Path("/usr/share/doc", package, "copyright")
        if not page.is_file():
            # Another system: its packages are installed, not shipped, and have theirs elsewhere.
            print(f"third_party_licences: no {page}; {package} is left out", file=sys.stderr)
            continue
        asked = ["dpkg-query", "-W", "-f=${Version}", package]
        version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        text = page.read_text(encoding="utf-8")
        # Debian names the most common licences by their file.
        common = sorted(set(re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*\w)", text)))
        texts = [pathlib.Path("/usr/share/common-licenses", name) for name in common]
        yield Work(
            package, version, "", (text, *(path.read_text(encoding="utf-8") for path in texts))
        )


def nanobind() -> Iterator[Work]:
    """nanobind, as the running Python has it, and the hash table inside it."""
    package = importlib.metadata.distribution("nanobind")
    texts = tuple(path.read_text() for path in package.files or () if LICENCE_FILE.match(path.name))
    yield Work("nanobind", package.version, "BSD-3-Clause", texts)
    robin_map = package.locate_file("nanobind/ext/robin_map/include/tsl/robin_map.h")
    yield Work("robin-map", "", "MIT", (leading_comment(pathlib.Path(str(robin_map))),))


def document(works: list[Work]) -> str:
    for work in works:
        if not any(text.strip() for text in work.texts):
            raise LicenceError(
                f"{work.label} ({work.licence or 'no licence declared'}) holds no licence text; "
                "see to it that its package has one"
            )
    holders: dict[str, list[str]] = {}
    for work in works:
        for text in dict.fromkeys(text.strip() for text in work.texts if text.strip()):
            holders.setdefault(text, []).append(work.label)
    lines = [
        "Ringsync is made with the works listed here: linked, compiled in, or shipped as drivers.",
        "Each has its own licence; the texts follow, each after the works that it belongs to.",
        "",
    ]
    lines += [
        f"  {work.label}" + (f"  ({work.licence})" if work.licence else "")
        for work in sorted(works, key=lambda work: work.name.lower())
    ]
    for text, labels in holders.items():
        lines += ["", "=" * 100, *(f"== {label}" for label in labels), "=" * 100, "", text]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--cargo", default="cargo")
    parser.add_argument("--wheel", action="store_true")
    arguments = parser.parse_args()
    works = [
        *fetched_parts(arguments.wheel),
        *debian_packages(WHEEL_DEBIAN if arguments.wheel else DEBIAN),
        rust_library(),
        *crates(arguments.cargo, WHEEL_FEATURES if arguments.wheel else ()),
    ]
    if arguments.wheel:
        works += nanobind()
    try:
        arguments.output.write_text(document(works), encoding="utf-8")
    except LicenceError as error:
        print(f"third_party_licences: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output.name}: {len(works)} works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
