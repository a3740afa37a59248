"""Tables of many shapes on a real cluster: two columns, two hundred, nested values, large
partitions, large cells, nearly nothing but nulls."""

import contextlib
import dataclasses
import os
import pathlib
import random
import statistics
import tempfile
import uuid
from collections.abc import Callable, Iterator

import cql_session
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.query import UNSET_VALUE
from fivetran import serve_command, served
from forked import run_forked
from harness import BUILD, DATA, cluster, drain, say, spread, sync
from memory import create_keyspace

KEYSPACE = "bench_tables_of"
IN_FLIGHT = 8  # drain's, for all shapes: what differs is what is read

Random = random.Random


@dataclasses.dataclass(frozen=True)
class Shape:
    """`columns`: name -> type. `row(number, random)`: its cells, the same for the same seed."""

    rows: int
    columns: dict[str, str]
    key: str
    row: Callable[[int, Random], list]
    page_rows: int = 5000  # of drain


def common_cells(random: Random, count: int) -> Iterator[object]:
    makers = (
        lambda: random.randrange(-5000, 5000),
        lambda: " ".join(random.choices(("table", "ring", "größe", "page", "время"), k=3)),
        lambda: random.random() * 1e6,
        lambda: random.random() < 0.5,
        lambda: random.getrandbits(62),
        lambda: 1_357_016_400_000 + random.randrange(8760) * 3_600_000,
        lambda: uuid.UUID(int=random.getrandbits(128)),
    )
    for number in range(count):
        yield makers[number % len(makers)]()


COMMON_TYPES = ("int", "text", "double", "boolean", "bigint", "timestamp", "uuid")


def common_columns(count: int) -> dict[str, str]:
    types = {f"column_{n:03}": COMMON_TYPES[n % len(COMMON_TYPES)] for n in range(count)}
    return {"id": "bigint", **types}


def sparse_row(number: int, random: Random) -> list:
    cells = (c if random.random() < 0.1 else UNSET_VALUE for c in common_cells(random, 59))
    return [number, *cells]


def nested_row(number: int, random: Random) -> list:
    def words() -> str:
        return random.choice(("table", "ring", "größe", "page", "время")) + str(
            random.randrange(99)
        )

    return [
        number,
        {words(): random.randrange(9999) for _ in range(random.randrange(5))},
        (random.random() * 1e6, None),
        [random.randrange(9999) for _ in range(random.randrange(8))],
        {words() for _ in range(random.randrange(4))},
        (words(), random.randrange(999)),
        [random.randrange(-4096, 4096) / 4096 for _ in range(16)],
    ]


SHAPES = {
    "narrow": Shape(
        500_000, {"id": "bigint", "value": "int"}, "id", lambda n, r: [n, r.randrange(1 << 30)]
    ),
    "wide": Shape(
        10_000, common_columns(199), "id", lambda n, r: [n, *common_cells(r, 199)], page_rows=400
    ),
    "nested": Shape(
        100_000,
        {
            "id": "bigint", "attributes": "map<text, int>", "place": "tuple<double, double>",
            "scores": "list<int>", "tags": "set<text>", "address": "frozen<address>",
            "embedding": "vector<float, 16>",
        },
        "id",
        nested_row,
        page_rows=2000,
    ),
    "sparse": Shape(100_000, common_columns(59), "id", sparse_row),
    "large_partitions": Shape(
        500_000,
        {"part": "int", "n": "int", "value": "text"},
        "part, n",
        lambda n, r: [n // 50_000, n % 50_000, f"{r.random():.12f}"],
    ),
    "large_cells": Shape(
        2_000,
        {"id": "bigint", "body": "text"},
        "id",
        lambda n, r: [n, "".join(r.choices(("table ", "ring ", "größe ", "page "), k=12_000))],
        page_rows=16,
    ),
}  # fmt: skip


def measure(node: dict, rounds: int, seed: int) -> dict:
    for name in SHAPES:
        load(node, name, seed)
    runs = []
    for number in range(rounds):
        for shape in SHAPES:
            order = list(contenders(node, shape))
            for contender, run in order if number % 2 == 0 else reversed(order):
                with tempfile.TemporaryDirectory(dir=DATA) as folder:
                    got = run(pathlib.Path(folder))
                # TRUNCATE is a record too.
                if not 0 <= got["rows"] - SHAPES[shape].rows <= 1:
                    raise SystemExit(f"{contender}: {got['rows']} rows of {shape}")
                runs.append({"shape": shape, "contender": contender, "round": number, **got})
                say(f"round {number + 1}, {shape}, {contender}: {got['rows_s']:,.0f} rows/s")
    return {"seed": seed, "runs": runs}


def contenders(node: dict, shape: str) -> Iterator[tuple[str, Callable[[pathlib.Path], dict]]]:
    setting = {"page_rows": SHAPES[shape].page_rows, "in_flight": IN_FLIGHT}
    yield "drain", lambda _: drain(node, KEYSPACE, setting, table=shape)
    yield "sync → null", lambda folder: sync(node, KEYSPACE, "null:", folder, shape)
    yield (
        "sync → DuckDB",
        lambda folder: sync(node, KEYSPACE, f"duckdb:{folder}/warehouse.db", folder, shape),
    )
    configuration = {**cluster(node, KEYSPACE), "tables": shape}
    yield "serve", lambda folder: served(serve_command(BUILD / "ringsync"), configuration, folder)


def load(node: dict, name: str, seed: int) -> None:
    """Writes the table, unless its comment says that it is there, of this seed."""
    shape = SHAPES[name]
    mark = f"{shape.rows} rows of seed {seed}"
    with session_of(node) as session:
        there = create_keyspace(session, KEYSPACE, node["datacenter"])
        if name in there and comment_of(session, name) == mark:
            return
        session.execute(f"DROP TABLE IF EXISTS {KEYSPACE}.{name}", timeout=60)
        session.execute(f"CREATE TYPE IF NOT EXISTS {KEYSPACE}.address (street text, number int)")
        columns = ", ".join(f"{column} {kind}" for column, kind in shape.columns.items())
        session.execute(f"CREATE TABLE {KEYSPACE}.{name} ({columns}, PRIMARY KEY ({shape.key}))")
    say(f"writing {shape.rows:,} rows of {name}")
    count = os.cpu_count() or 1
    shares = [(node, name, seed, range(first, shape.rows, count)) for first in range(count)]
    run_forked(f"loading {name}", write, shares)
    with session_of(node) as session:
        session.execute(f"ALTER TABLE {KEYSPACE}.{name} WITH comment = '{mark}'")


@contextlib.contextmanager
def session_of(node: dict) -> Iterator[cql_session.Session]:
    session = cql_session.connect(node)
    try:
        yield session
    finally:
        session.cluster.shutdown()


def comment_of(session: cql_session.Session, name: str) -> str:
    statement = (
        "SELECT comment FROM system_schema.tables WHERE keyspace_name = %s AND table_name = %s"
    )
    return session.execute(statement, [KEYSPACE, name]).one()[0]


def write(node: dict, name: str, seed: int, numbers: range) -> None:
    """These rows; each is made of the seed and its number alone, so that a load can be repeated."""
    shape = SHAPES[name]
    with session_of(node) as session:
        marks = ", ".join("?" for _ in shape.columns)
        insert = session.prepare(
            f"INSERT INTO {KEYSPACE}.{name} ({', '.join(shape.columns)}) VALUES ({marks})"
        )
        rows = (shape.row(number, Random(seed * 1_000_003 + number)) for number in numbers)
        concurrency = 4 if name == "large_cells" else 48
        for result in execute_concurrent_with_args(
            session, insert, rows, concurrency=concurrency, results_generator=True
        ):
            if not result.success:
                raise result.result_or_exc


def report(measured: dict) -> None:
    runs = measured["runs"]
    print(f"\nTables of other shapes (seed {measured['seed']})\n")
    header = ("shape", "contender", "rows/s", "of drain", "MB/s", "CPU-s/M rows", "VmHWM MiB")
    print("| {:<16} | {:<13} | {:>24} | {:>8} | {:>6} | {:>18} | {:>9} |".format(*header))
    print("|:--|:--|--:|--:|--:|--:|--:|")
    for shape in SHAPES:
        titles = dict.fromkeys(run["contender"] for run in runs if run["shape"] == shape)
        by_title = {
            title: [r for r in runs if (r["shape"], r["contender"]) == (shape, title)]
            for title in titles
        }
        limit = statistics.median(run["rows_s"] for run in by_title["drain"])
        for title, of in by_title.items():
            rate = statistics.median(run["rows_s"] for run in of)
            mb_s = statistics.median(run["mb_s"] for run in of)
            peak = max(run["peak_mib"] for run in of)
            print(f"| {shape:<16} | {title:<13} | {spread(of, 'rows_s', ',.0f'):>24} |"
                  f" {rate / limit:>8.2f} | {mb_s:>6.0f} |"
                  f" {spread(of, 'cpu_s_per_million', '.2f'):>18} | {peak:>9.0f} |")  # fmt: skip
