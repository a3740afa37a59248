"""Runs the benchmark's sections and prints medians with spread. Started by run.sh."""

import argparse
import contextlib
import json
import pathlib
import sys

import first_load
import fivetran
import incremental
import memory
import replay
import tables
from harness import DATA, cassandra
from measured_commit import measured_commit

SECTIONS = ("first_load", "incremental", "memory", "fivetran", "tables", "replay")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=6, help="how often the flights are loaded")
    parser.add_argument("--seed", type=int, default=42, help="of the rows that are made up")
    parser.add_argument("--quick", action="store_true", help="two rounds, a short sweep")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section (repeat)")
    parser.add_argument("--json", type=pathlib.Path, help="write every run's figures there")
    parser.add_argument(
        "--before", type=pathlib.Path, metavar="PROGRAM",
        help="an earlier build of ringsync, measured beside this one by first_load",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.before and not arguments.before.is_file():
        parser.error(f"--before: {arguments.before} is no program")
    rounds = 2 if arguments.quick else arguments.rounds
    wanted = arguments.only or SECTIONS
    measured = {"commit": measured_commit()}
    DATA.mkdir(parents=True, exist_ok=True)
    if "replay" in wanted:
        measured["replay"] = replay.measure(rounds, arguments.quick, arguments.seed)
    needs_node = set(wanted) != {"replay"}
    with cassandra() if needs_node else contextlib.nullcontext() as node:
        if "first_load" in wanted:
            before = arguments.before and arguments.before.resolve()
            measured["first_load"] = first_load.measure(
                node, arguments.copies, rounds, arguments.quick, before
            )
        if "incremental" in wanted:
            measured["incremental"] = incremental.measure(node, arguments.copies, rounds)
        if "memory" in wanted:
            measured["memory"] = memory.measure(node, min(rounds, 3))
        if "fivetran" in wanted:
            measured["fivetran"] = fivetran.measure(node, arguments.copies, rounds, arguments.quick)
        if "tables" in wanted:
            measured["tables"] = tables.measure(node, rounds, arguments.seed)
    print(f"\nMeasured at commit {measured['commit']}.")
    for section in (first_load, incremental, memory, fivetran, tables, replay):
        if section.__name__ in measured:
            section.report(measured[section.__name__])
    if arguments.json:
        arguments.json.write_text(json.dumps(measured, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
