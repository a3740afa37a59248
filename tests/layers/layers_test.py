"""Holds the include graph of src/ and python/core/ against the layers that ARCHITECTURE.md states.

Run by ctest as `layers`. Fails on an include that a layer may not have, on a foreign header outside
the one folder that may know it, on a folder that the table does not name, and on an error that
would be told without its code.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
PYTHON = ROOT / "python" / "core"

# folder: folders whose headers it may include, besides its own. Longest matching folder counts.
ALLOWED = {
    "base": set(),
    "model": {"base"},
    "config": {"base", "model"},
    "cql": {"base", "model"},
    "plan": {"base", "model"},
    "source": {"base", "model", "cql"},
    "source/scylla": {"base", "model", "cql", "source"},
    "sink": {"base", "model", "cql"},
    "sink/null": {"base", "model", "cql", "sink"},
    "sink/arrow": {"base", "model", "cql", "sink"},
    "sink/fivetran": {"base", "model", "cql", "sink"},
    "sink/adbc": {"base", "model", "cql", "sink", "sink/arrow"},
    "sync": {"base", "model", "cql", "plan", "source", "sink"},
    # What the front doors share: from a configuration to an open source and the engine's options.
    "front": {
        "base", "model", "config", "cql", "plan", "source", "sink", "sync", "source/scylla",
        "sink/arrow", "sink/fivetran",
    },
    "server": {
        "base", "model", "config", "cql", "plan", "source", "sink", "sync", "front",
        "sink/fivetran",
    },
    "cli": {
        "base", "model", "config", "cql", "plan", "source", "sink", "sync", "front", "server",
        "source/scylla", "sink/null", "sink/arrow", "sink/adbc",
    },
    "python/core": {
        "base", "model", "config", "cql", "plan", "source", "sink", "sync", "front",
        "sink/arrow", "sink/fivetran",
    },
}  # fmt: skip

# Only these folders may know a library's types.
FOREIGN = {
    re.compile(r"rust/cxx|ringsync_bridge|bridge/src"): {"source/scylla"},
    re.compile(r"adbc", re.IGNORECASE): {"sink/adbc"},
    re.compile(r"nanoarrow|arrow/c/"): {"sink/arrow", "sink/adbc", "python/core"},
    re.compile(r"nanobind|Python\.h"): {"python/core"},
    re.compile(r"simdjson"): {"cql"},
    re.compile(r"CLI/"): {"cli"},
    re.compile(r"grpc|protobuf|^proto/|^absl/"): {"server"},
}

# What tells an error without its code, and the one file that may hold it.
UNCODED = {
    re.compile(r"grpc::StatusCode::"): "server/failure.cpp",
    re.compile(r'\blog_\w+\(\s*"[^;]*(?:\.|->)message\b'): None,
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.MULTILINE)


def folder_of(path: str) -> str | None:
    """The longest folder of the table that `path`, as an include names it, lies in."""
    inside = [f for f in ALLOWED if path.startswith(f + "/")]
    return max(inside, key=len, default=None)


def problems_in(file: Path) -> list[str]:
    root = SRC if file.is_relative_to(SRC) else ROOT
    name = file.relative_to(root).as_posix()
    folder = folder_of(name)
    if folder is None:
        return [f"{name}: lies in no known layer"]
    text = file.read_text(encoding="utf-8")
    found = [
        f"{name}: tells an error without its code: {told.group()}"
        for pattern, allowed_in in UNCODED.items()
        for told in pattern.finditer(text)
        if name != allowed_in
    ]
    for bracket, included in INCLUDE.findall(text):
        if (SRC / included).is_file() or (PYTHON in (ROOT / included).parents):
            target = folder_of(included)
            if target != folder and target not in ALLOWED[folder]:
                found.append(f"{name}: includes {included}, but {folder} may not use {target}")
            continue
        allowed_in = [folders for pattern, folders in FOREIGN.items() if pattern.search(included)]
        if any(folder not in folders for folders in allowed_in):
            found.append(f"{name}: includes {included}, which {folder} may not know")
        if (
            bracket == '"' or ".." in included
        ) and not allowed_in:  # such a path would get past the table
            found.append(f"{name}: includes {included}, which is no path from src/ on")
    return found


def main() -> int:
    files = sorted(
        p
        for root in (SRC, PYTHON)
        for p in root.rglob("*")
        if p.suffix in {".h", ".cpp"} and "target" not in p.parts
    )
    problems = [problem for file in files for problem in problems_in(file)]
    for problem in problems:
        print(problem)
    print(f"{len(files)} files, {len(problems)} problems")
    if len(files) < 20:
        print("too few files: the test looks in the wrong place")
        return 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
