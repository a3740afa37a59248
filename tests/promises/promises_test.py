#!/usr/bin/env python3
"""Holds docs/promises.md against the tests that it names.

Alone (ctest runs it as `promises`): each promise names tests, and each of them exists. With result
files of pytest (--junitxml), after a whole run: each also ran, passed and was not skipped, in every
one of its parametrisations, in the files given.
"""

import ast
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/promises.md"
TESTS = ROOT / "tests/integration"
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
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


def existing_tests() -> set[Test]:
    return {
        (file.name, node.name)
        for file in TESTS.glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def outcomes(files: list[str]) -> dict[Test, list[str]]:
    """What became of each test, once a parametrisation and run."""
    found: dict[Test, list[str]] = {}
    for file in files:
        for case in xml.parse(file).iter("testcase"):
            module = case.get("classname", "").split(".")[-1]
            function = case.get("name", "").split("[")[0]
            bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            found.setdefault((f"{module}.py", function), []).append(bad[0] if bad else "passed")
    return found


def main() -> int:
    named = promises()
    existing = existing_tests()
    results = outcomes(sys.argv[1:]) if len(sys.argv) > 1 else None
    problems = []
    for promise, tests in named:
        if not tests:
            problems.append(f"{promise}: names no test")
        for test in tests:
            label = f"{promise}: {'::'.join(test)}"
            if test not in existing:
                problems.append(f"{label} does not exist")
            elif results is not None and test not in results:
                problems.append(f"{label} did not run")
            elif results is not None and set(results[test]) != {"passed"}:
                problems.append(f"{label}: {', '.join(sorted(set(results[test]) - {'passed'}))}")
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
