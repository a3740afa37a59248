"""What a change costs: this build of ringsync and an earlier one, by every way that rows take, in
turns on one cluster. The two of a round are compared with each other, so that what else the
machine does weighs little."""

import functools
import pathlib
import statistics
import tempfile
from collections.abc import Callable, Iterator

import cql_session
from fivetran import flights, serve_command, served
from harness import BUILD, DATA, FLIGHTS_ROWS, load_flights, nyc, say, sync
from incremental import CHANGED_ROWS, make_index

Run = Callable[[pathlib.Path], dict]
FIGURES = {"seconds": "wall_s", "CPU-s": "cpu_s", "MiB": "peak_mib"}


def measure(node: dict, copies: int, rounds: int, before: pathlib.Path) -> dict:
    scanned, indexed = f"nyc{copies}", f"nyc{copies}_indexed"
    for keyspace in (scanned, indexed):
        load_flights(keyspace, copies)
    session = cql_session.connect(node)
    try:
        make_index(session, indexed)
    finally:
        session.cluster.shutdown()
    programs = {"before": before, "after": BUILD / "ringsync"}
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        ways = {
            "first load → null": whole(node, scanned, programs, "null:"),
            "first load → DuckDB": whole(node, scanned, programs, "duckdb:{}/warehouse.db"),
            "first load by serve": by_serve(node, scanned, programs),
            "1,000 rows changed, not indexed": changed(node, scanned, programs, folder),
            "1,000 rows changed, indexed": changed(node, indexed, programs, folder),
        }
        return {"runs": list(run_rounds(ways, rounds, copies * FLIGHTS_ROWS))}


def run_rounds(ways: dict, rounds: int, rows: int) -> Iterator[dict]:
    for number in range(rounds):
        for way, start_round in ways.items():
            both = start_round(number)
            order = list(both) if number % 2 == 0 else list(reversed(both))
            got = {}
            for name in order:
                with tempfile.TemporaryDirectory(dir=DATA) as folder:
                    got[name] = both[name](pathlib.Path(folder))
                yield {"way": way, "program": name, "round": number, **got[name]}
            brought = {run["rows"] for run in got.values()}
            # TRUNCATE is a record too.
            wrong = "first" in way and not 0 <= min(brought) - rows <= 1
            if len(brought) != 1 or wrong:
                raise SystemExit(f"{way}: the programs brought {sorted(brought)} rows")
            times = got["after"]["wall_s"] / got["before"]["wall_s"]
            say(f"round {number + 1}, {way}: {times:.3f} of the time before")


def whole(node: dict, keyspace: str, programs: dict, target: str) -> Callable[[int], dict]:
    def run(program: pathlib.Path, folder: pathlib.Path) -> dict:
        return sync(node, keyspace, target.format(folder), folder, program=program)

    return lambda _: by_each(run, programs)


def by_serve(node: dict, keyspace: str, programs: dict) -> Callable[[int], dict]:
    def run(program: pathlib.Path, folder: pathlib.Path) -> dict:
        return served(serve_command(program), flights(node, keyspace), folder)

    return lambda _: by_each(run, programs)


def changed(node: dict, keyspace: str, programs: dict, folder: str) -> Callable[[int], dict]:
    """Every round changes rows first; each program has a DuckDB file of its own."""
    files = {name: pathlib.Path(folder) / f"{keyspace}_{name}.db" for name in programs}

    def run(name: str, scratch: pathlib.Path) -> dict:
        return sync(node, keyspace, f"duckdb:{files[name]}", scratch, program=programs[name])

    def start_round(number: int) -> dict[str, Run]:
        if number == 0:
            for name in programs:
                with tempfile.TemporaryDirectory(dir=DATA) as scratch:
                    run(name, pathlib.Path(scratch))
        # The flights of the round before the last again, so that the overlap does not grow.
        nyc(keyspace, "change", "--update", CHANGED_ROWS, "--add", 0, "--seed", number % 2)
        return by_each(run, {name: name for name in programs})

    return start_round


def by_each(run: Callable, arguments: dict[str, object]) -> dict[str, Run]:
    return {name: functools.partial(run, argument) for name, argument in arguments.items()}


def report(measured: dict) -> None:
    runs = measured["runs"]
    print("\nThis build beside an earlier one: medians, and after / before of each round\n")
    print(f"| {'way':<31} |" + "".join(
        f" {f'{title}, before':>15} | {'after':>8} | {'after / before':>20} |" for title in FIGURES
    ))  # fmt: skip
    print("|:--|" + "--:|--:|--:|" * len(FIGURES))
    for way in dict.fromkeys(run["way"] for run in runs):
        print(f"| {way:<31} |" + "".join(cells(runs, way, name) for name in FIGURES.values()))


def cells(runs: list[dict], way: str, figure: str) -> str:
    before, after = (
        [run[figure] for run in sorted(runs, key=lambda run: run["round"])
         if (run["way"], run["program"]) == (way, program)]
        for program in ("before", "after")
    )  # fmt: skip
    ratios = [new / old for new, old in zip(after, before, strict=True)]
    compared = f"{statistics.median(ratios):.3f} ({min(ratios):.2f}–{max(ratios):.2f})"
    return (f" {statistics.median(before):>15.2f} | {statistics.median(after):>8.2f} |"
            f" {compared:>20} |")  # fmt: skip
