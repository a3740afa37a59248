#!/usr/bin/env python3
"""Holds docs/promises.md against the tests that it names.

Alone (ctest runs it as `promises`): each promise names tests, each of them exists, and one of them
is marked every_version, unless the promise says "5.0 only". With result files of pytest
(--junitxml), after a whole run: each also ran, passed and was not skipped, in every one of its
parametrisations, in the files given; with --every-version, those that are marked so on each.
Of the other documents that name tests, it looks whether those exist.
"""

import argparse
import ast
import re
import sys
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/promises.md"
OTHER_DOCUMENTS = (ROOT / "docs/limits.md", ROOT / "docs/reliability.md")
TESTS = ROOT / "tests/integration"
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
EVERY_VERSION = "every_version"
OTHER_VERSIONS = ("4.1", "3.11")  # that tests marked so also run on; their ids name them
PROMISES_MIN = 50  # fewer: the table is not read right

Test = tuple[str, str]  # file, function


def promises() -> list[tuple[str, list[Test]]]:
    """Each row of the document's tables: the promise, and the tests of its last cell."""
    found = []
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) < 3 or cells[0] in ("#", "") or "--" in cells[0]:
            continue
        found.append((f"{cells[0]} {cells[1]}", NAMED.findall(cells[-1])))
    return found


def existing_tests() -> dict[Test, bool]:
    """Each test, and whether it runs on every version."""
    found = {}
    for file in TESTS.glob("test_*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        of_file = any(
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "pytestmark"
            and EVERY_VERSION in ast.unparse(node.value)
            for node in tree.body
        )
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marks = " ".join(map(ast.unparse, node.decorator_list))
                found[file.name, node.name] = of_file or EVERY_VERSION in marks
    return found


def outcomes(files: list[str]) -> dict[Test, list[tuple[str, str]]]:
    """What became of each test, once a parametrisation and run: (id, "passed" or what went bad)."""
    found: dict[Test, list[tuple[str, str]]] = {}
    for file in files:
        for case in xml.parse(file).iter("testcase"):
            module = case.get("classname", "").split(".")[-1]
            function, _, identity = case.get("name", "").partition("[")
            bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            outcome = (identity.removesuffix("]"), bad[0] if bad else "passed")
            found.setdefault((f"{module}.py", function), []).append(outcome)
    return found


def problems_of(
    test: Test, runs: list[tuple[str, str]] | None, is_everywhere: bool
) -> Iterator[str]:
    """What keeps the test's results from showing its promise."""
    if not runs:
        yield "did not run"
        return
    bad = sorted({outcome for _, outcome in runs} - {"passed"})
    if bad:
        yield ", ".join(bad)
    for version in OTHER_VERSIONS if is_everywhere else ():
        if not any(version in identity.split("-") for identity, _ in runs):
            yield f"did not run on {version}"


def main() -> int:
    named = promises()
    existing = existing_tests()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="*")
    parser.add_argument("--every-version", action="store_true", help="the results are of all")
    arguments = parser.parse_args()
    results = outcomes(arguments.results) if arguments.results else None
    problems = []
    for promise, tests in named:
        if not tests:
            problems.append(f"{promise}: names no test")
        elif "5.0 only" not in promise and not any(existing.get(test) for test in tests):
            problems.append(f"{promise}: none of its tests runs on every version")
        for test in tests:
            label = f"{promise}: {'::'.join(test)}"
            if test not in existing:
                problems.append(f"{label} does not exist")
            elif results is not None:
                everywhere = arguments.every_version and existing[test]
                problems += [
                    f"{label}: {what}" for what in problems_of(test, results.get(test), everywhere)
                ]
    for document in OTHER_DOCUMENTS:
        problems += [
            f"{document.name}: {'::'.join(test)} does not exist"
            for test in NAMED.findall(document.read_text(encoding="utf-8"))
            if test not in existing
        ]
    if len(named) < PROMISES_MIN:
        problems.append(f"only {len(named)} promises were found in {DOCUMENT.name}")
    for problem in problems:
        print(problem)
    tests = {test for _, of_promise in named for test in of_promise}
    state = "exist" if results is None else "ran and passed"
    print(
        f"promises: {len(named)}, mapped to {len(tests)} tests that "
        + (state if not problems else f"should {state.replace('ran and passed', 'run and pass')}")
        + f"; {len(problems)} problems"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
