"""The data source of Spark in a cluster of processes, on millions of rows, with what goes wrong:
in long runs only, for the time it takes.

RINGSYNC_TEST_SPARK_COPIES says how often the 336,776 flights are in the table; six times are two
million rows. What Spark reads is compared with what `ringsync sync` has put into a DuckDB file.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import duckdb
import nyc as nyc_loader
import planted
import pytest
import ringsync
import spark_cluster
import test_differential
from conftest import REPOSITORY
from cql_session import quoted
from nyc_data import FLIGHTS
from read_back import DuckdbFile
from test_differential import compare

__test__ = "RINGSYNC_TEST_SPARK_COPIES" in os.environ
pytestmark = pytest.mark.timeout(1800)

COPIES = int(os.environ.get("RINGSYNC_TEST_SPARK_COPIES", "1"))
ROWS = COPIES * FLIGHTS.rows_count
PARTITIONS = 24
KEYSPACE = "spark_at_size"
KEY = ["carrier", "flight", "time_hour", "origin"]
TRACE = REPOSITORY / "tools" / "cassandra" / "TraceProbability.java"
TOKEN_MIN, TOKEN_MAX = -(2**63), 2**63 - 1
filled = test_differential.filled


@pytest.fixture(scope="module")
def flights(cassandra) -> str:
    """A keyspace with all copies of the flights; more, where a node is used again."""
    nyc_loader.load(cassandra, KEYSPACE, COPIES, tables=["flights", "airports"])
    return KEYSPACE


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    home = spark_cluster.make_home(tmp_path_factory.mktemp("spark") / "home")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in spark_cluster.environment(home).items():
            patched.setenv(name, value)
        session = spark_cluster.cluster_session()
        yield session
        session.stop()
    planted.WATCH.look_into(home / "work")  # the executors' logs


@pytest.fixture
def options(configuration) -> Callable[..., dict[str, str]]:
    def make(keyspace: str, **more: object) -> dict[str, str]:
        return {key: str(value) for key, value in (configuration(keyspace) | more).items()}

    return make


@pytest.fixture
def synced(config, tmp_path) -> Callable[..., pathlib.Path]:
    """synced(keyspace, **keys): the DuckDB file that `ringsync sync`, one process, makes of it."""
    program = os.environ.get("RINGSYNC", REPOSITORY / "build/release/ringsync")

    def sync(keyspace: str, **keys: str) -> pathlib.Path:
        file = tmp_path / "synced.db"
        path = config(keyspace, nested_types="native", **keys)
        done = subprocess.run(
            [program, "sync", "--configuration", path, "--to", f"duckdb:{file}"],
            capture_output=True, text=True, timeout=1200,
        )  # fmt: skip
        planted.WATCH.note(done.stdout + done.stderr, "the output of sync")
        assert done.returncode == 0, done.stdout + done.stderr
        return file

    return sync


@dataclasses.dataclass(frozen=True)
class Equality:
    rows: int
    cells: int


def equal_to_the_synced(file: pathlib.Path, read: str) -> Equality:
    """The flights that Spark has read, a query of DuckDB's, against the synced ones: each row once,
    each cell the same."""
    columns = list(FLIGHTS.columns)
    same = ", ".join(f"count(*) FILTER (s.{c} IS NOT DISTINCT FROM r.{c})" for c in columns)
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        synced = f"(SELECT {', '.join(columns)} FROM {KEYSPACE}.flights)"
        counts = []
        for rows in (synced, f"({read})"):
            key = f"SELECT count(*), count(DISTINCT ({', '.join(KEY)})) FROM {rows}"
            counts += connection.execute(key).fetchone()
        assert len(set(counts)) == 1, f"rows and keys of the synced, and of those read: {counts}"
        types = [
            [each[1] for each in connection.execute(f"DESCRIBE FROM {rows}").fetchall()]
            for rows in (synced, f"(SELECT {', '.join(columns)} FROM ({read}))")
        ]
        assert types[0] == types[1]
        (*equal,) = connection.execute(
            f"SELECT {same} FROM {synced} s JOIN ({read}) r USING ({', '.join(KEY)})"
        ).fetchone()
    assert equal == [counts[0]] * len(columns), dict(zip(columns, equal, strict=True))
    return Equality(counts[0], sum(equal))


def parquet(folder: pathlib.Path) -> str:
    return f"FROM read_parquet('{folder}/*.parquet')"


def write(frame, folder: pathlib.Path) -> None:
    frame.write.parquet(str(folder))


def tasks_done(folder: pathlib.Path) -> int:
    """Of a job that writes Parquet and is not at its end."""
    return len(list(folder.glob("_temporary/0/task_*")))


def await_tasks(folder: pathlib.Path, count: int, is_running: Callable[[], bool]) -> None:
    """Until so many tasks of the job are done, and no more than half of all."""
    deadline = time.monotonic() + 600
    while (done := tasks_done(folder)) < count:
        assert is_running(), f"the job has ended; it was to be met after {count} tasks"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert done <= PARTITIONS // 2


def test_rows_of_every_type_equal_the_single_process_sync(
    spark, options, filled, synced, tmp_path, measured
):
    keyspace, tables, source_rows = filled
    file = synced(keyspace)
    compared = with_driver = 0
    for number, each in enumerate(tables):
        read = spark.read.format("ringsync").options(**options(keyspace, min_partitions=5))
        write(read.load(each.name), tmp_path / f"read_{number}")
        by_sync = DuckdbFile(file).rows(keyspace, each.name, each.columns)
        by_spark = rows_of(options(keyspace), each, tmp_path / f"read_{number}")
        compared += compare(each, by_sync, by_spark)
        with_driver += compare(each, source_rows[each.name], by_spark)
    rows = sum(len(rows) for rows in source_rows.values())
    assert (
        compared
        == with_driver
        == sum(len(source_rows[each.name]) * len(each.columns) for each in tables)
    )
    measured(
        f"{len(tables)} tables of every type, {rows} rows: {compared} cells by Spark equal to those"
        f" of the single-process sync, and to what the Python driver reads"
    )


def rows_of(configuration: dict[str, str], table, folder: pathlib.Path):
    """What Spark has written, in the types that a scan has, for the forms of `compare`."""
    path = folder.with_suffix(".db")
    with duckdb.connect(str(path)) as connection:
        native = ringsync.scan(configuration | {"nested_types": "native"}, table.name)
        assert native is not None  # DuckDB finds it by its name, for the types
        connection.execute(f"CREATE TABLE {quoted(table.name)} AS FROM native LIMIT 0")
        connection.execute(f"INSERT INTO {quoted(table.name)} {parquet(folder)}")
    return DuckdbFile(path).rows("main", table.name, table.columns)


def test_millions_of_rows_equal_the_single_process_sync_though_an_executor_is_killed(
    spark, options, flights, synced, tmp_path, measured
):
    wanted = options(flights, min_partitions=PARTITIONS)
    frame = spark.read.format("ringsync").options(**wanted).load("flights")
    assert frame.rdd.getNumPartitions() == PARTITIONS
    jvm = spark._jvm.java.lang.ProcessHandle.current().pid()
    failed: list[BaseException] = []

    def read() -> None:
        try:
            write(frame, tmp_path / "read")
        except BaseException as error:
            failed.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    try:
        await_tasks(tmp_path / "read", 3, reading.is_alive)
        before = executors(jvm)
        assert len(before) == spark_cluster.EXECUTORS
        os.kill(before[0], signal.SIGKILL)
        killed_after = tasks_done(tmp_path / "read")
        assert reading.is_alive() and not (tmp_path / "read" / "_SUCCESS").exists()
    finally:
        reading.join(900)
    assert not reading.is_alive() and not failed, failed
    after = set(executors(jvm))
    assert before[0] not in after and before[1] in after
    equal = equal_to_the_synced(synced(flights, tables="flights"), parquet(tmp_path / "read"))
    assert equal.rows >= ROWS
    measured(
        f"an executor killed after {killed_after} of {PARTITIONS} tasks: {equal.rows} rows, each"
        f" once, {equal.cells} cells of {len(FLIGHTS.columns)} columns equal to those of the"
        " single-process sync"
    )


def executors(jvm: int) -> list[int]:
    word = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
    return spark_cluster.processes_below(jvm, word)


@contextlib.contextmanager
def traced(cassandra: dict, session) -> Iterator[None]:
    """The node notes every request in system_traces."""

    def set_share(share: float) -> None:
        subprocess.run(["java", TRACE, str(cassandra["pid"]), str(share)], check=True, timeout=60)

    session.execute("TRUNCATE system_traces.sessions", timeout=60)
    set_share(1)
    try:
        yield
    finally:
        set_share(0)


def test_columns_ranges_and_since_are_seen_in_the_cql_that_reaches_the_cluster(
    spark, options, flights, session, cassandra, synced, measured
):
    columns, since = [*KEY, "dest", "distance"], "2013-12-30T00:00:00Z"
    wanted = options(flights, columns=",".join(columns), since=since, min_partitions=PARTITIONS)
    frame = spark.read.format("ringsync").options(**wanted).load("flights")
    assert frame.rdd.getNumPartitions() == PARTITIONS
    with traced(cassandra, session):
        count = frame.count()
        scans = await_whole_ring(session, flights)
    with duckdb.connect(str(synced(flights, tables="flights")), read_only=True) as connection:
        later = f"FROM {flights}.flights WHERE updated_at > TIMESTAMPTZ '{since}'"
        (expected,) = connection.execute(f"SELECT count(*) {later}").fetchone()
    assert 0 < count == expected < ROWS / 10

    read = re.compile(r"SELECT (.*) FROM \S+flights\S* WHERE (.*)")
    texts = {scan.statement for scan in scans}
    assert len(texts) == 1, texts
    selected, where = read.fullmatch(texts.pop()).groups()
    # The cursor, by which the node filters, is read to filter by it.
    assert set(selected.replace('"', "").split(", ")) == {*columns, "updated_at"}
    token = r'token\("carrier", "flight"\)'
    assert re.fullmatch(
        rf'{token} > \? AND {token} <= \? AND "updated_at" > \? ALLOW FILTERING', where
    )
    assert {scan.since for scan in scans} == {"2013-12-30T00:00:00.000Z"}
    # No range is asked for by two tasks, and each task's begin where another's end.
    ranges = sorted({(scan.start, scan.end) for scan in scans})
    assert all(one[1] == next_one[0] for one, next_one in zip(ranges, ranges[1:]))
    measured(
        f"{len(scans)} requests seen by the node, of {len(ranges)} token ranges that are the whole"
        f" ring, {len(columns) + 1} of {len(FLIGHTS.columns)} columns, and the bound of `since`;"
        f" {count} of {ROWS} rows came"
    )


@dataclasses.dataclass(frozen=True)
class Scan:
    statement: str
    start: int
    end: int
    since: str


def await_whole_ring(session, keyspace: str) -> list[Scan]:
    """The scans of the flights that the node has noted; it does so after it has answered."""
    deadline = time.monotonic() + 60
    while True:
        scans = scans_noted(session, keyspace)
        covered = sum(end - start for start, end in {(scan.start, scan.end) for scan in scans})
        if covered >= TOKEN_MAX - TOKEN_MIN:
            return scans
        assert time.monotonic() < deadline, f"of the ring {covered / 2**64:.3f} was asked for"
        time.sleep(0.5)


def scans_noted(session, keyspace: str) -> list[Scan]:
    scans = []
    for (noted,) in session.execute("SELECT parameters FROM system_traces.sessions", timeout=60):
        statement = (noted or {}).get("query", "")
        if keyspace not in statement or "token(" not in statement or "> ?" not in statement:
            continue
        bound = {name.split("_")[2]: value for name, value in noted.items() if "bound_var" in name}
        if len(bound) == 3:  # the probes of the ring's start, which the driver makes, have it too
            scans.append(Scan(statement, int(bound["0"]), int(bound["1"]), bound["2"].strip("'")))
    return scans


@pytest.fixture
def stream(options, flights, tmp_path):
    """stream(): starts the query from its checkpoint, a program of its own, which the test ends."""
    given = tmp_path / "configuration_of_the_stream.json"
    given.write_text(json.dumps(options(flights, min_partitions=PARTITIONS)))
    home = spark_cluster.make_home(tmp_path / "home")
    environment = os.environ | spark_cluster.environment(home)
    program = [sys.executable, spark_cluster.__file__, given, "flights", tmp_path / "stream"]
    started: list[subprocess.Popen] = []

    def start() -> subprocess.Popen:
        with (tmp_path / "stream.log").open("ab") as log:
            started.append(
                subprocess.Popen(
                    program, env=environment, stdout=log, stderr=log, start_new_session=True
                )
            )
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def kill_in_mid_batch(process: subprocess.Popen, batch: pathlib.Path) -> int:
    """Kills the query's process once some tasks of the batch are done; says how many."""
    await_tasks(batch, 2, lambda: process.poll() is None)
    (jvm,) = spark_cluster.processes_below(process.pid, "org.apache.spark.deploy.SparkSubmit")
    running = executors(jvm)
    os.kill(jvm, signal.SIGKILL)
    done = tasks_done(batch)
    assert not (batch / "_SUCCESS").exists()
    assert process.wait(120) != 0
    deadline = time.monotonic() + 120
    while any(pathlib.Path(f"/proc/{pid}").exists() for pid in running):  # they end by themselves
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return done


def run_to_its_end(process: subprocess.Popen, log: pathlib.Path) -> None:
    assert process.wait(900) == 0, log.read_text()[-3000:]


def test_a_stream_whose_process_is_killed_in_mid_batch_goes_on_from_its_checkpoint(
    stream, cassandra, flights, synced, tmp_path, measured
):
    folder, log = tmp_path / "stream", tmp_path / "stream.log"
    killed = [kill_in_mid_batch(stream(), folder / "batch=0")]
    changed = [nyc_loader.change(cassandra, flights, update=5000, add=200, seed=1)]
    run_to_its_end(stream(), log)  # the batch that was cut off, and what came meanwhile
    changed.append(nyc_loader.change(cassandra, flights, update=5000, add=200, seed=2))
    number = len(list(folder.glob("batch=*")))
    killed.append(kill_in_mid_batch(stream(), folder / f"batch={number}"))
    changed.append(nyc_loader.change(cassandra, flights, update=5000, add=200, seed=3))
    run_to_its_end(stream(), log)
    batches = sorted(folder.glob("batch=*"))
    assert all((batch / "_SUCCESS").exists() for batch in batches)

    came = f"FROM read_parquet('{folder}/batch=*/*.parquet', hive_partitioning = true)"
    newest = f"row_number() OVER (PARTITION BY {', '.join(KEY)} ORDER BY batch DESC) = 1"
    merged = f"SELECT {', '.join(FLIGHTS.columns)} {came} QUALIFY {newest}"
    equal = equal_to_the_synced(synced(flights, tables="flights"), merged)
    assert equal.rows >= ROWS + sum(each["flights_added"] for each in changed)
    with duckdb.connect() as connection:
        counts = connection.execute(
            f"SELECT batch, count(*) {came} GROUP BY batch ORDER BY batch"
        ).fetchall()
    rows_changed = sum(each["flights_updated"] + each["flights_added"] for each in changed)
    measured(
        f"the query killed after {killed[0]} and {killed[1]} of {PARTITIONS} tasks of two"
        f" micro-batches, {rows_changed} rows changed around that: {len(counts)} micro-batches of"
        f" {', '.join(str(rows) for _, rows in counts)} rows, merged by key {equal.rows} rows, each"
        f" once, {equal.cells} cells equal to those of the single-process sync"
    )
