#!/usr/bin/env python3
"""Writes docs/long-run.md from a pytest run at full size: what each test measured, how it was run.

Reads pytest's result file (--junitxml); tests say what they measured by the fixture `measured`.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as xml

COMMAND = "./test.sh --long"


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def measured(case: xml.Element) -> list[str]:
    return [
        each.get("value", "") for each in case.iter("property") if each.get("name") == "measured"
    ]


def document(suite: xml.Element) -> str:
    cases = list(suite.iter("testcase"))
    sizes = {name: value for name, value in os.environ.items() if name.startswith("RINGSYNC_TEST_")}
    sizes.pop("RINGSYNC_TEST_CASSANDRA", None)
    rows = [
        f"| `{case.get('classname', '').split('.')[-1]}.py::{case.get('name')}` | {text} |"
        f" {float(case.get('time', 0)):.0f} |"
        for case in cases
        for text in measured(case)
    ]
    skipped = sum(case.find("skipped") is not None for case in cases)
    lines = [
        "# The long run",
        "",
        f"What the tests measured at full size; written by `{COMMAND}`.",
        "",
        f"- commit: `{git('rev-parse', '--short=12', 'HEAD')}`"
        + (" with changes" if git("status", "--porcelain", "--untracked-files=no") else ""),
        f"- date: {suite.get('timestamp', '')[:10]}",
        f"- sizes: {', '.join(f'{name}={value}' for name, value in sorted(sizes.items()))}",
        f"- tests: {len(cases)} run against real Cassandras, {skipped} skipped, all others passed,"
        f" in {float(suite.get('time', 0)) / 60:.0f} minutes",
        "",
        "| test | measured | s |",
        "|---|---|--:|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    suite = xml.parse(arguments.results).getroot().find("testsuite")
    assert suite is not None
    if any(int(suite.get(name, "0")) for name in ("failures", "errors")):
        print("long_run: the run failed; its results are not written", file=sys.stderr)
        return 1
    text = document(suite)
    arguments.output.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
