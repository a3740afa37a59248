#!/usr/bin/env python3
"""clang-tidy over all of the product's C++, with the release build's compile commands.

A file that passed is not looked at again while nothing changed that clang-tidy reads: the file,
every header it includes (as the compiler told Ninja), its compile command, .clang-tidy and
clang-tidy itself. Their hash names an empty file in build/tidy. Findings are never remembered.
"""

import concurrent.futures
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


def compile_commands() -> dict[str, str]:
    """Source file of ours -> its compile command; every file of src/ has one."""
    entries = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    commands = {entry["file"]: entry["command"] for entry in entries}
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/*.cpp"]
    files = [str(ROOT / name) for name in output_of(*listed).split() if (ROOT / name).exists()]
    missing = [file for file in files if file not in commands]
    if missing or len(files) < FILES_MIN:
        raise TidyError(f"no compile command for {', '.join(missing) or 'most files'}")
    return {file: commands[file] for file in files}


def keys(commands: dict[str, str]) -> dict[str, str]:
    """Source file -> the name under which a pass is remembered."""
    fixed = output_of(TIDY, "--version") + (ROOT / ".clang-tidy").read_text(encoding="utf-8")
    included = included_files()
    hashes = Hashes()
    named = {}
    for file, command in commands.items():
        read = included.get(re.search(r" -o (\S+)", command)[1])
        if read is None:
            raise TidyError(f"{file} has not been built; build release first")
        parts = [fixed, command, *(f"{path} {hashes.of(path)}" for path in [file, *sorted(read)])]
        named[file] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return named


def check(file: str, key: str) -> str:
    """Nothing where the file passes, else what was found."""
    done = subprocess.run(
        [TIDY, "-p", BUILD, "--quiet", file], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = COUNTED.sub("", done.stdout + done.stderr).strip()
    if done.returncode == 0 and not found:
        (PASSED / key).touch()
        return ""
    return found or f"{file}: clang-tidy ended with {done.returncode}"


def main() -> int:
    try:
        named = keys(compile_commands())
    except (OSError, TidyError) as error:
        print(f"check_tidy: {error}", file=sys.stderr)
        return 1
    PASSED.mkdir(parents=True, exist_ok=True)
    open_files = [file for file, key in named.items() if not (PASSED / key).exists()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [
            text for text in pool.map(lambda file: check(file, named[file]), open_files) if text
        ]
    for text in found:
        print(text)
    unchanged = len(named) - len(open_files)
    print(f"clang-tidy: {len(named)} files ({unchanged} unchanged), {len(found)} with findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
