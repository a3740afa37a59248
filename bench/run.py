"""Runs the benchmark's sections and prints medians with spread. Started by run.sh."""

import argparse
import contextlib
import json
import pathlib
import sys

import destinations
import first_load
import fivetran
import in_flight
import incremental
import memory
import peers
import replay
import spark
import tables
import two_builds
from harness import DATA, cassandra
from measured_commit import measured_commit

SECTIONS = (
    first_load, in_flight, incremental, memory, fivetran, peers, spark, destinations, tables,
    replay, two_builds,
)  # fmt: skip
MODULES = {module.__name__: module for module in SECTIONS}
WITHOUT_NODE = {"replay"}


def measure(section: str, node: dict, arguments: argparse.Namespace) -> dict:
    rounds, copies, quick = arguments.rounds, arguments.copies, arguments.quick
    match section:
        case "first_load":
            return first_load.measure(node, copies, rounds, quick)
        case "in_flight":
            return in_flight.measure(node, copies, rounds)
        case "incremental":
            return incremental.measure(node, copies, rounds)
        case "memory":
            return memory.measure(node, min(rounds, 3))
        case "fivetran":
            return fivetran.measure(node, copies, rounds, quick, arguments.native)
        case "peers":
            return peers.measure(node, copies, rounds, quick)
        case "spark":
            return spark.measure(node, copies, rounds, quick)
        case "destinations":
            return destinations.measure(node, copies, rounds)
        case "tables":
            return tables.measure(node, rounds, arguments.seed)
        case "replay":
            return replay.measure(rounds, quick, arguments.seed)
        case "two_builds":
            return two_builds.measure(node, copies, rounds, arguments.before)
    raise ValueError(section)


def arguments_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=6, help="how often the flights are loaded")
    parser.add_argument("--seed", type=int, default=42, help="of the rows that are made up")
    parser.add_argument(
        "--native", action="store_true", help="section fivetran without connectors in Python"
    )
    parser.add_argument("--quick", action="store_true", help="two rounds, a short sweep")
    parser.add_argument("--only", choices=MODULES, action="append", help="this section (repeat)")
    parser.add_argument("--json", type=pathlib.Path, help="write every run's figures there")
    parser.add_argument(
        "--before", type=pathlib.Path, metavar="PROGRAM",
        help="an earlier build of ringsync, which the section two_builds compares this one with",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.before and not arguments.before.is_file():
        parser.error(f"--before: {arguments.before} is no program")
    arguments.before = arguments.before and arguments.before.resolve()
    arguments.rounds = 2 if arguments.quick else arguments.rounds
    if not arguments.before and "two_builds" in (arguments.only or ()):
        parser.error("--only two_builds: --before names the program to compare with")
    arguments.only = arguments.only or [
        section for section in MODULES if arguments.before or section != "two_builds"
    ]
    if "peers" in arguments.only and arguments.copies < 2:
        parser.error("--copies: the section peers compares two sizes, so it is 2 or more")
    return arguments


def main() -> int:
    arguments = arguments_of()
    wanted = [section for section in MODULES if section in arguments.only]
    measured = {"commit": measured_commit()}
    DATA.mkdir(parents=True, exist_ok=True)
    needs_node = not WITHOUT_NODE.issuperset(wanted)
    with cassandra() if needs_node else contextlib.nullcontext() as node:
        for section in wanted:
            if section not in WITHOUT_NODE:
                measured[section] = measure(section, node, arguments)
    for section in wanted:
        if section in WITHOUT_NODE:
            measured[section] = measure(section, {}, arguments)
    print(f"\nMeasured at commit {measured['commit']}.")
    for section in wanted:
        MODULES[section].report(measured[section])
    if arguments.json:
        arguments.json.write_text(json.dumps(measured, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
