#!/usr/bin/env python3
"""Writes a part's section of docs/long-run.md: what was measured at full size, and how it was run.

Reads pytest's result file (--junitxml), in which tests say what they measured by the fixture
`measured`, or for `fuzz` and `simulation` the lines of those programs. A run that failed is
refused, unless the tests that failed have passed since (`--again`); the section tells which. The
sections of other parts stay as they are.
"""

import argparse
import datetime
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

from measured_commit import measured_commit

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/long-run.md"
HEADING = "## "
FUZZED_S_MIN = 600
INTRODUCTION = """# The long run

What the tests measured at full size. Each section names the command that measured it.
"""


def measured(case: xml.Element) -> list[str]:
    return [
        each.get("value", "") for each in case.iter("property") if each.get("name") == "measured"
    ]


def name_of(case: xml.Element) -> str:
    return f"`{case.get('classname', '').split('.')[-1]}.py::{case.get('name')}`"


def has_failed(case: xml.Element) -> bool:
    return case.find("failure") is not None or case.find("error") is not None


def cases_of(results: pathlib.Path) -> dict[str, xml.Element]:
    """By name; one that failed counts, whatever else there is of its test."""
    found: dict[str, xml.Element] = {}
    for case in xml.parse(results).iter("testcase"):
        if not has_failed(found.setdefault(name_of(case), case)):
            found[name_of(case)] = case
    return found


def of_tests(results: pathlib.Path, again: pathlib.Path | None) -> list[str]:
    """The lines of a pytest run. Raises ValueError where it failed or measured nothing."""
    cases = cases_of(results)
    failed = [name for name, case in cases.items() if has_failed(case)]
    if again is not None:
        cases |= cases_of(again)
    if still := [name for name in failed if has_failed(cases[name])]:
        raise ValueError(f"failed: {', '.join(still)}")
    rows = [
        f"| {name} | {text} | {float(case.get('time', 0)):.0f} |"
        for name, case in cases.items()
        for text in measured(case)
    ]
    if not rows:
        raise ValueError("nothing was measured")
    skipped = sum(case.find("skipped") is not None for case in cases.values())
    minutes = sum(float(case.get("time", 0)) for case in cases.values()) / 60
    told = [
        f"- failed, and passed when run again at commit `{measured_commit()}`: {name}"
        for name in failed
    ]
    return [
        f"- tests: {len(cases)} run against real Cassandras, {skipped} skipped, all others passed,"
        f" in {minutes:.0f} minutes",
        *told,
        "",
        "| test | measured | s |",
        "|---|---|--:|",
        *rows,
    ]


def of_fuzzing(results: pathlib.Path) -> list[str]:
    """The lines of tools/fuzz.sh. Raises ValueError where there is none or a target failed."""
    found = re.findall(r"^fuzz (\w+): (.*)$", results.read_text(encoding="utf-8"), re.MULTILINE)
    targets = {folder.name for folder in (ROOT / "tests/fuzz/corpus").iterdir()} | {"type_text"}
    if missing := targets - {name for name, _ in found}:
        raise ValueError(f"not run: {', '.join(sorted(missing))}")
    if failed := [name for name, text in found if not text.endswith("no crash")]:
        raise ValueError(f"failed: {', '.join(failed)}")
    for name, text in found:
        if int(re.search(r" in (\d+) s", text)[1]) < FUZZED_S_MIN:
            raise ValueError(f"{name} was not run for {FUZZED_S_MIN} s")
    rows = [f"| {name} | {text} |" for name, text in found]
    return ["", "| target | measured |", "|---|---|", *rows]


def of_simulation(results: pathlib.Path) -> list[str]:
    """The last line of each call of the simulation, and the counts before it. Raises ValueError
    where one has not passed."""
    _, *runs = re.split(r"^simulation ", results.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rows = []
    for run in runs:
        arguments, *lines = run.strip().splitlines()
        if not lines or not re.search(r"no invariant violated$|, 0 not caught ", lines[-1]):
            raise ValueError(f"simulation {arguments} has not passed")
        counts = [" ".join(line.split()) for line in lines[:-1] if re.match(r" *\d+  ", line)]
        rows.append(f"| `simulation {arguments}` | {'; '.join([lines[-1], *counts])} |")
    if not rows:
        raise ValueError("no world was simulated")
    return ["", "| command | measured |", "|---|---|", *rows]


def sections() -> dict[str, str]:
    """Part -> its section, of the document as it is."""
    if not DOCUMENT.exists():
        return {}
    _, *found = re.split(rf"^{HEADING}", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {text.partition("\n")[0]: text.partition("\n")[2].strip() for text in found}


def seed_of(lines: list[str]) -> str:
    """What a section says of seeds: those its lines tell."""
    if seeds := sorted(set(re.findall(r"(?<!--)\bseeds? (?:from )?(\d+)", "\n".join(lines)))):
        return f"{', '.join(seeds)}, as told below"
    return "none is chosen for a run: rows come from the tests' own, moments are the clock's"


READERS = {"fuzz": of_fuzzing, "simulation": of_simulation}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part")
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--again", type=pathlib.Path, help="results of failed tests, run again")
    parser.add_argument("--commit", help="of the results (default: HEAD)")
    parser.add_argument("sizes", nargs="*", help="NAME=SIZE of the environment, to be told")
    arguments = parser.parse_args()
    try:
        if reader := READERS.get(arguments.part):
            lines = reader(arguments.results)
        else:
            lines = of_tests(arguments.results, arguments.again)
    except ValueError as error:
        print(f"long_run: {error}; {arguments.part} is not written", file=sys.stderr)
        return 1
    about = [
        f"- command: `./test.sh --long {arguments.part}`",
        f"- commit: `{arguments.commit or measured_commit()}`",
        f"- date: {datetime.date.today()}",
        *([f"- sizes: {', '.join(arguments.sizes)}"] if arguments.sizes else []),
        f"- seed: {seed_of(lines)}",
    ]
    kept = sections()
    kept[arguments.part] = "\n".join([*about, *lines])
    text = INTRODUCTION + "".join(
        f"\n{HEADING}{part}\n\n{section}\n" for part, section in sorted(kept.items())
    )
    DOCUMENT.write_text(text, encoding="utf-8")
    print(kept[arguments.part])
    return 0


if __name__ == "__main__":
    sys.exit(main())
