"""Ringsync's paths beside the other programs that read a whole table: one cluster, one run,
alternated order, at two sizes; the difference of the two sizes is what a program does once it
runs, without its start."""

import contextlib
import functools
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

import cql_session
import peer_programs
import tables
from first_load import best_drain
from harness import DATA, ROOT, drain, load_flights, say, spread
from peer_programs import HISTORY_WINDOWS, Source

RINGSYNC = ("→ null", "→ gRPC", "→ DuckDB", "→ PostgreSQL", "→ Parquet")
ONE_PASS, AS_DOCUMENTED = "example, one pass", "example, documented"
WINDOWS, WINDOWS_QUICK = 20, 5
Contender = Callable[[Source, pathlib.Path], dict]


def measure(node: dict, copies: int, rounds: int, quick: bool) -> dict:
    subprocess.run([ROOT / "tools" / "setup.sh", "peers"], stdout=sys.stderr, check=True)
    keyspaces = {1: "nyc", copies: f"nyc{copies}"}
    for count, keyspace in keyspaces.items():
        load_flights(keyspace, count)
    drop_vectors(node)
    setting = best_drain(node, keyspaces[copies], quick)
    windows = WINDOWS_QUICK if quick else WINDOWS
    runs = []
    with requests_counter(node) as requests, peer_programs.postgresql_server() as server:
        sources = []
        for count, keyspace in keyspaces.items():
            size = page_bytes(drain(node, keyspace, setting))
            asked = functools.partial(requests, keyspace)
            sources.append(Source(node, keyspace, count, size, asked))
        named = contenders(setting, server, windows)
        for number in range(rounds):
            order = list(named) if number % 2 == 0 else list(reversed(named))
            for source in sources:
                for name in order:
                    if name == AS_DOCUMENTED and source.copies > 1:
                        continue
                    runs.append({"round": number, **run(name, named[name], source)})
    return {"drain": setting, "windows": windows, "runs": runs}


def drop_vectors(node: dict) -> None:
    """DataStax's Java driver, by which dsbulk and the Spark connector read, finds no keyspace at
    all where any table has a type that it does not know; the section `tables` makes one."""
    with tables.session_of(node) as session:
        session.execute(f"DROP KEYSPACE IF EXISTS {tables.KEYSPACE}", timeout=60)


def contenders(setting: dict, server: dict, windows: int) -> dict[str, Contender]:
    return {
        "drain": lambda source, _: drain(source.node, source.keyspace, setting),
        "→ null": peer_programs.ringsync_to_null,
        "→ gRPC": peer_programs.ringsync_to_grpc,
        "→ gRPC, parsed": functools.partial(peer_programs.ringsync_to_grpc, parse="true"),
        "→ DuckDB": peer_programs.ringsync_to_duckdb,
        "→ PostgreSQL": functools.partial(peer_programs.ringsync_to_postgresql, server),
        "→ Parquet": peer_programs.ringsync_to_parquet,
        "dsbulk": peer_programs.dsbulk,
        "cqlsh COPY TO": peer_programs.cqlsh,
        "Spark connector": peer_programs.spark,
        "Python driver": peer_programs.python_driver,
        ONE_PASS: peer_programs.example_in_one_pass,
        AS_DOCUMENTED: functools.partial(peer_programs.example_as_documented, windows),
    }


def run(name: str, contender: Contender, source: Source) -> dict:
    """One contender's figures; ends the benchmark where it did not bring every row."""
    before = source.requests()
    with tempfile.TemporaryDirectory(dir=DATA) as folder, FirstPage(source) as first_page:
        got = contender(source, pathlib.Path(folder))
    if got["rows"] != source.rows:
        raise SystemExit(f"{name} brought {got['rows']} rows of {source.rows}")
    say(f"{source.copies}x, {name}: {got['rows_s']:,.0f} rows/s,"
        f" {got['cpu_s_per_million']:.2f} CPU-s/M")  # fmt: skip
    asked = source.requests() - before
    seen = {"requests": asked, "first_page_s": first_page.seconds}
    return {"contender": name, "copies": source.copies, **seen, **got}


class FirstPage(contextlib.AbstractContextManager):
    """Looks out for when a contender has its first page of rows: by the node's count, which is the
    same for all, twenty times a second. `seconds`: since it was started."""

    def __init__(self, source: Source):
        self.seconds = 0.0
        self._source = source
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "FirstPage":
        self._before = self._source.requests()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        started = time.monotonic()
        while not self.seconds and not self._is_over.wait(0.05):
            if self._source.requests() > self._before:
                self.seconds = time.monotonic() - started


@contextlib.contextmanager
def requests_counter(node: dict) -> Iterator[Callable[[str], int]]:
    """Tells how many pages of a keyspace's flights the node has been asked for since it started, by
    scans of ranges. Cassandra 4 and later count them."""
    session = cql_session.connect(node)
    statement = session.prepare(
        "SELECT count FROM system_views.coordinator_scan_latency"
        " WHERE keyspace_name = ? AND table_name = 'flights'"
    )
    try:
        yield lambda keyspace: session.execute(statement, [keyspace]).one()[0]
    finally:
        session.cluster.shutdown()


def page_bytes(drained: dict) -> float:
    return drained["mb_s"] * 1e6 * drained["wall_s"]


def report(measured: dict) -> None:
    setting, runs = measured["drain"], measured["runs"]
    print(f"\nReaders of a whole table. drain reads best with {setting['page_rows']} rows a page"
          f" and {setting['in_flight']} scans in flight\n")  # fmt: skip
    header = (
        "flights", "contender", "rows/s", "of drain", "MB/s", "CPU-s/M rows", "VmHWM MiB",
        "first page, s", "requests",
    )  # fmt: skip
    form = "| {:>7} | {:<19} | {:>24} | {:>8} | {:>5} | {:>19} | {:>9} | {:>13} | {:>8} |"
    print(form.format(*header))
    print("|--:|:--|--:|--:|--:|--:|--:|--:|--:|")
    for copies in sorted({run["copies"] for run in runs}):
        for name in names(runs):
            if of := chosen(runs, name, copies):
                print_row(of, median(chosen(runs, "drain", copies), "rows_s"))
    print(f"\n{AS_DOCUMENTED}: of its windows {measured['windows']} were read in each round, the"
          f" others of {HISTORY_WINDOWS} are worked out")  # fmt: skip
    report_running(runs)
    report_aims(runs)


def print_row(of: list[dict], limit: float) -> None:
    peak = max(run["peak_mib"] for run in of)
    print(f"| {of[0]['copies']:>6}x | {of[0]['contender']:<19} | {spread(of, 'rows_s', ',.0f'):>24}"
          f" | {median(of, 'rows_s') / limit:>8.3f} | {median(of, 'mb_s'):>5.1f} |"
          f" {spread(of, 'cpu_s_per_million', '.2f'):>19} | {peak:>9.0f} |"
          f" {median(of, 'first_page_s'):>13.2f} | {median(of, 'requests'):>8,.0f} |")  # fmt: skip


def report_running(runs: list[dict]) -> None:
    print("\nOnce running: what the rows that the larger table has more took more\n")
    print(f"| {'contender':<19} | {'rows/s':>24} | {'CPU-s/M rows':>19} |\n|:--|--:|--:|")
    for name in names(runs):
        if of := running(runs, name):
            rows_s, cpu = spread(of, "rows_s", ",.0f"), spread(of, "cpu_s_per_million", ".2f")
            print(f"| {name:<19} | {rows_s:>24} | {cpu:>19} |")


def report_aims(runs: list[dict]) -> None:
    """Each of Ringsync's paths against each peer: medians of rows/s and CPU, the most of memory."""
    largest = max(run["copies"] for run in runs)

    def rows_s(name: str, copies: int = largest) -> float:
        return median(chosen(runs, name, copies), "rows_s")

    def cpu(name: str) -> float:
        return median(chosen(runs, name, largest), "cpu_s_per_million")

    def peak(name: str) -> float:
        return max(run["peak_mib"] for run in chosen(runs, name, largest))

    def rows_s_running(name: str) -> float:
        return median(running(runs, name), "rows_s")

    def times(of: Callable[[str], float], peer: str) -> list[str]:
        return [f"{of(path) / of(peer):.1f}" for path in RINGSYNC]

    def part(of: Callable[[str], float], peer: str) -> list[str]:
        return [f"1/{of(peer) / of(path):.1f}" for path in RINGSYNC]

    print(f"\n| to reach | {' | '.join(RINGSYNC)} |\n|:--|{'--:|' * len(RINGSYNC)}")
    for aim, reached in (
        ("dsbulk: at least 3 times its rows/s once running", times(rows_s_running, "dsbulk")),
        ("dsbulk: at most 1/20 of its CPU", part(cpu, "dsbulk")),
        ("dsbulk: at most 1/10 of its memory", part(peak, "dsbulk")),
        ("cqlsh COPY TO: at least 10 times its rows/s", times(rows_s, "cqlsh COPY TO")),
        ("cqlsh COPY TO: at most 1/50 of its CPU", part(cpu, "cqlsh COPY TO")),
        ("the example in one pass: at least 10 times its rows/s", times(rows_s, ONE_PASS)),
        (
            "the example as documented: at least 300 times its rows/s",
            times(functools.partial(rows_s, copies=1), AS_DOCUMENTED),
        ),
    ):
        print(f"| {aim} | {' | '.join(reached)} |")


def names(runs: list[dict]) -> list[str]:
    """In the order of the first round."""
    return list(dict.fromkeys(run["contender"] for run in runs))


def chosen(runs: list[dict], name: str, copies: int) -> list[dict]:
    return [run for run in runs if (run["contender"], run["copies"]) == (name, copies)]


def running(runs: list[dict], name: str) -> list[dict]:
    """A contender's rows/s and CPU without its start, one of each round: from the differences
    between the two sizes. None of a contender that has one size only."""
    sizes = sorted({run["copies"] for run in runs})
    figures = []
    for less, more in zip(*(chosen(runs, name, copies) for copies in sizes)):
        rows = more["rows"] - less["rows"]
        figures.append({
            "rows_s": rows / (more["wall_s"] - less["wall_s"]),
            "cpu_s_per_million": (more["cpu_s"] - less["cpu_s"]) / rows * 1e6,
        })  # fmt: skip
    return figures


def median(runs: list[dict], name: str) -> float:
    return statistics.median(run[name] for run in runs)
