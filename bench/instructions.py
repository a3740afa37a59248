#!/usr/bin/env python3
"""Counts the instructions that reading and encoding a row takes, by callgrind, and holds them
against the figures in instructions.json: a guard that noise cannot trip, since nothing is timed.

    bench/instructions.py --program encode_pages           fails where a figure is beyond its bounds
    bench/instructions.py --program P --accept "REASON"    takes today's counts for the figures

What raises a figure is told in the file, by its reason, and so in the commit. A count far below its
figure fails too: either something got faster, and is to be held, or something is not done any more.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FIGURES = pathlib.Path(__file__).with_suffix(".json")
SHAPES = ("flights", "narrow", "wide", "scalars", "nested", "sparse", "large_cells")
STEPS = ("index", "fivetran", "arrow")
# Counts of one build differ by less than a thousandth; what is left is for a compiler's or a C
# library's next patch.
TOLERANCE = 0.03

Figures = dict[str, dict[str, float]]  # instructions a row: shape -> step


def count(program: pathlib.Path, shape: str) -> dict[str, float]:
    """Instructions a row of each step, those of all that it calls included."""
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "profile"
        done = run(
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", "--quiet",
            program, "--shape", shape, "--rows", "1",
        )  # fmt: skip
        rows = {line["step"]: line["rows"] for line in map(json.loads, done.splitlines())}
        listed = run("callgrind_annotate", "--inclusive=yes", "--threshold=100", profile)
    counts = {}
    for step in STEPS:
        found = re.findall(rf"^ *([\d,]+) .*::step_{step}\(", listed, re.MULTILINE)
        if not found or step not in rows:
            sys.exit(f"instructions.py: {program} has no step {step}")
        # A function that other files' code was inlined into has a line for each; the first is all.
        counts[step] = int(found[0].replace(",", "")) / rows[step]
    return counts


def run(*command: object) -> str:
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit(f"instructions.py: {command[0]} is not installed (Debian's package valgrind)")
    if done.returncode != 0:
        sys.exit(f"instructions.py: {command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def check(counted: Figures, figures: Figures) -> list[str]:
    """What is beyond its bounds, a line each."""
    problems = []
    for shape, counts in counted.items():
        for step, number in counts.items():
            figure = figures.get(shape, {}).get(step, 0)
            change = number / figure - 1 if figure else float("inf")
            print(f"{shape:12} {step:9} {number:12.1f} instructions a row ({change:+.2%})")
            if abs(change) > TOLERANCE:
                problems.append(f"{shape}, {step}: {number:.1f} instructions a row, not {figure}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True, help="encode_pages")
    parser.add_argument(
        "--accept", metavar="REASON", help="write the figures, and why they changed"
    )
    arguments = parser.parse_args()
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {"instructions_a_row": {}}
    counted = {shape: count(arguments.program, shape) for shape in SHAPES}
    problems = check(counted, known["instructions_a_row"])
    if arguments.accept:
        rounded = {
            shape: {step: round(number, 1) for step, number in counts.items()}
            for shape, counts in counted.items()
        }
        document = {"reason": arguments.accept, "instructions_a_row": rounded}
        FIGURES.write_text(json.dumps(document, indent=2) + "\n")
        return 0
    for problem in problems:
        print(
            f"instructions.py: {problem}; a change that is meant: --accept REASON", file=sys.stderr
        )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
