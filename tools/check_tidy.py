#!/usr/bin/env python3
"""clang-tidy over all of the product's C++, with the release build's compile commands.

It looks at units, as the build does: of several .cpp files each, whose headers are read once. A
unit that passed is not looked at again while nothing changed that clang-tidy reads: every file it
includes (as the compiler told Ninja), its compile command, .clang-tidy and clang-tidy itself.
Their hash names an empty file in build/tidy. Findings are never remembered.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
PASSED = ROOT / "build/tidy"
TIDY = ROOT / ".venv/bin/clang-tidy"
FILES_MIN = 20  # fewer: it looks in the wrong place
# How many warnings there were in the headers of libraries, which are not shown.
COUNTED = re.compile(r"^\d+ warnings?( and \d+ errors?)? generated\.$", re.MULTILINE)


class TidyError(Exception):
    """What is missing, and what to do."""


def output_of(*command: object) -> str:
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def included_files() -> dict[str, list[str]]:
    """Object file -> everything that the compiler read for it, from Ninja's log."""
    found: dict[str, list[str]] = {}
    files: list[str] = []
    for line in output_of("ninja", "-C", BUILD, "-t", "deps").splitlines():
        if line.startswith("    "):
            files.append(line.strip())
        elif ": #deps" in line:
            files = found.setdefault(line.split(": #deps")[0], [])
            if "(VALID)" not in line:
                raise TidyError(f"{BUILD.relative_to(ROOT)} is not up to date; build it first")
    return found


class Hashes:
    """Hashes of files, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        if path not in self._known:
            self._known[path] = hashlib.sha256((BUILD / path).read_bytes()).hexdigest()
        return self._known[path]


@dataclasses.dataclass(frozen=True)
class Unit:
    """What one compile command reads."""

    source: str
    command: str
    reads: tuple[str, ...]  # the source too; absolute, or relative to BUILD

    def key(self, tools: str, hashes: Hashes) -> str:
        """The name under which a pass is remembered."""
        parts = [tools, self.command, *(f"{path} {hashes.of(path)}" for path in self.reads)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def product_files() -> set[str]:
    """The product's sources, absolute."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/*.cpp"]
    return {str(ROOT / name) for name in output_of(*listed).split() if (ROOT / name).exists()}


def units(wanted: set[str]) -> list[Unit]:
    """The units that the wanted files are part of; each file must be in one."""
    included = included_files()
    entries = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    found = []
    seen: set[str] = set()
    for entry in entries:
        reads = {entry["file"], *included.get(re.search(r" -o (\S+)", entry["command"])[1], ())}
        files = {os.path.normpath(BUILD / path) for path in reads} & wanted
        if files:
            found.append(Unit(entry["file"], entry["command"], tuple(sorted(reads))))
            seen |= files
    missing = sorted(wanted - seen)
    if missing or len(wanted) < FILES_MIN:
        raise TidyError(f"{', '.join(missing) or 'most files'}: not built; build release first")
    return found


def check(source: str, key: str) -> str:
    """Nothing where the unit passes, else what was found."""
    done = subprocess.run(
        [TIDY, "-p", BUILD, "--quiet", source],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = COUNTED.sub("", done.stdout + done.stderr).strip()
    if done.returncode == 0 and not found:
        (PASSED / key).touch()
        return ""
    return found or f"{source}: clang-tidy ended with {done.returncode}"


def main() -> int:
    try:
        wanted = product_files()
        tools = output_of(TIDY, "--version") + (ROOT / ".clang-tidy").read_text(encoding="utf-8")
        hashes = Hashes()
        named = {unit.source: unit.key(tools, hashes) for unit in units(wanted)}
    except (OSError, TidyError) as error:
        print(f"check_tidy: {error}", file=sys.stderr)
        return 1
    PASSED.mkdir(parents=True, exist_ok=True)
    open_units = [unit for unit, key in named.items() if not (PASSED / key).exists()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [
            text for text in pool.map(lambda unit: check(unit, named[unit]), open_units) if text
        ]
    for text in found:
        print(text)
    print(
        f"clang-tidy: {len(wanted)} files in {len(named)} units"
        f" ({len(named) - len(open_units)} unchanged), {len(found)} with findings"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
