"""The main job on every server version: what only an older server has, and what restarts change."""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import cql_session
import duckdb
import nyc as nyc_loader
import pytest
from cassandra.cluster import NoHostAvailable
from cassandra.concurrent import execute_concurrent_with_args
from conftest import REPOSITORY

pytestmark = pytest.mark.every_version

SMALL_TABLES = {"airlines": 16, "airports": 1458, "planes": 3322, "weather": 26_115}


def sync(ringsync, configuration, database, *more, timeout_s=180):
    summary = database.parent / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{database}",
        "--summary-json", summary, *more, timeout_s=timeout_s,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


def rows_of(database, keyspace, columns, table):
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(
            f'SELECT {columns} FROM "{keyspace}".{table} WHERE NOT _fivetran_deleted ORDER BY ALL'
        ).fetchall()


def test_versions_offer_what_the_documents_say_of_them(offers, cassandra):
    has_all = cassandra["version"].startswith("5.0.")
    assert dataclasses.astuple(offers) == (has_all, has_all, has_all)


@pytest.mark.timeout(600)
def test_real_tables_arrive_and_later_only_what_changed(
    ringsync, config, cassandra, session, keyspace, tmp_path,
    source_fingerprint, destination_fingerprint,
):  # fmt: skip
    nyc_loader.load(cassandra, keyspace, tables=SMALL_TABLES)
    configuration = config(keyspace, lag_seconds="0", overlap_seconds="0")
    database = tmp_path / "warehouse.db"
    tables = sync(ringsync, configuration, database)
    assert {name: table["rows_sent"] for name, table in tables.items()} == SMALL_TABLES
    assert destination_fingerprint(database, keyspace) == source_fingerprint(keyspace)

    session.execute(
        f"UPDATE {keyspace}.weather SET temp = 99, updated_at = toTimestamp(now())"
        " WHERE origin = 'JFK' AND month = 7 AND time_hour = '2013-07-04 16:00:00+0000'"
    )
    session.execute(f"DELETE FROM {keyspace}.airports WHERE faa = 'JFK'")
    tables = sync(ringsync, configuration, database)
    assert (tables["weather"]["run"], tables["weather"]["rows_sent"]) == ("incremental", 1)
    assert (tables["airports"]["run"], tables["airports"]["rows_deleted"]) == ("full", 1)
    assert destination_fingerprint(database, keyspace) == source_fingerprint(keyspace)


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_keys_in_reversed_order_statics_and_dropped_columns(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(
        f"CREATE TABLE {keyspace}.events (region text, day date, at timestamp, n int, note text,"
        " shared text static, gone int, PRIMARY KEY ((region, day), at, n))"
        " WITH CLUSTERING ORDER BY (at DESC, n ASC)"
    )
    insert = session.prepare(
        f"INSERT INTO {keyspace}.events (region, day, at, n, note, shared, gone)"
        " VALUES ('north', '2024-02-29', ?, ?, ?, 'all', 1)"
    )
    # More than a page, so that the order within a partition decides how it goes on.
    rows = [(1_700_000_000_000 + n % 50, n, f"note {n}") for n in range(1500)]
    execute_concurrent_with_args(session, insert, rows)
    session.execute(f"ALTER TABLE {keyspace}.events DROP gone")
    database = tmp_path / "warehouse.db"
    tables = sync(ringsync, config(keyspace, page_size="100"), database)
    assert tables["events"]["rows_sent"] == 1500
    found = rows_of(database, keyspace, 'n, epoch_ms("at"), note, shared, day', "events")
    assert [row[:3] for row in found] == [(n, at, note) for at, n, note in rows]
    assert {row[3:] for row in found} == {("all", found[0][4])}
    assert str(found[0][4]) == "2024-02-29"


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_compact_tables_arrive_with_the_columns_that_cql_shows(
    ringsync, config, keyspace, session, tmp_path
):
    # system_schema also lists what such tables are stored as: column1, value, a type "empty".
    for name, columns, values in (
        ("plain", "k text PRIMARY KEY, v int, w text", "('a', 1, 'x')"),
        ("wide", "k text, c int, v text, PRIMARY KEY (k, c)", "('a', 1, 'x')"),
        ("keys_only", "k text, c int, PRIMARY KEY (k, c)", "('a', 1)"),
        ("deep", "k text, c int, d text, v text, PRIMARY KEY (k, c, d)", "('a', 1, 'b', 'x')"),
    ):
        session.execute(f"CREATE TABLE {keyspace}.{name} ({columns}) WITH COMPACT STORAGE")
        shown = ", ".join(c.split()[0] for c in columns.split(", PRIMARY")[0].split(", "))
        session.execute(f"INSERT INTO {keyspace}.{name} ({shown}) VALUES {values}")
    session.execute(
        f"CREATE TABLE {keyspace}.counts (k text PRIMARY KEY, n counter) WITH COMPACT STORAGE"
    )
    session.execute(f"UPDATE {keyspace}.counts SET n = n + 5 WHERE k = 'a'")
    database = tmp_path / "warehouse.db"
    sync(ringsync, config(keyspace), database)
    assert rows_of(database, keyspace, "k, v, w", "plain") == [("a", 1, "x")]
    assert rows_of(database, keyspace, "k, c, v", "wide") == [("a", 1, "x")]
    assert rows_of(database, keyspace, "k, c", "keys_only") == [("a", 1)]
    assert rows_of(database, keyspace, "k, c, d, v", "deep") == [("a", 1, "b", "x")]
    assert rows_of(database, keyspace, "k, n", "counts") == [("a", 5)]


@pytest.fixture
def readings(keyspace, session):
    """A table of 5,000 rows, for tests that do something in the midst of its scan."""
    session.execute(f"CREATE TABLE {keyspace}.readings (id int PRIMARY KEY, value text, extra int)")
    insert = session.prepare(f"INSERT INTO {keyspace}.readings (id, value, extra) VALUES (?, ?, 0)")
    execute_concurrent_with_args(session, insert, [(n, f"value {n}") for n in range(5000)])
    return keyspace


@contextlib.contextmanager
def held_up(process, trace, count):
    """Holds the sync up once it has read so many pages of its scans, and then lets it go on."""
    wait_for_pages(trace, process, count)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def wait_for_pages(trace, process, count):
    deadline = time.monotonic() + 60
    while True:
        lines = trace.read_text().splitlines() if trace.exists() else []
        if sum('"probe"' not in line for line in lines) >= count:
            return
        assert process.poll() is None, "the sync ended before it was met in its midst"
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.sanitized
@pytest.mark.timeout(300)
@pytest.mark.parametrize("change", ["DROP TABLE {}", "ALTER TABLE {} DROP extra"])
def test_a_table_altered_or_dropped_under_its_scan_is_told_as_such(
    ringsync, config, readings, session, tmp_path, change
):
    trace = tmp_path / "pages.jsonl"
    process = ringsync.start(
        "sync", "--configuration", config(readings, page_size="2", max_in_flight="1"),
        "--to", "null:", "--trace-pages", trace, "--progress", "none",
    )  # fmt: skip
    try:
        with held_up(process, trace, 3):
            session.execute(change.format(f"{readings}.readings"), timeout=60)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 3
    assert "altered or dropped meanwhile" in errors


@pytest.fixture
def restartable(cassandra, session, tmp_path):
    """A node of the same version that may be restarted: the tests' own, else one just for this."""
    tool = [sys.executable, REPOSITORY / "tools" / "cassandra" / "cassandra.py"]
    shared = os.environ.get("RINGSYNC_TEST_CASSANDRA")
    is_shared = shared and cql_session.read_node(pathlib.Path(shared))["pid"] == cassandra["pid"]
    directory = tmp_path / "cassandra" if is_shared else cassandra["directory"]
    options = ["--version", cassandra["version"], "--light", "--heap", "768m"]

    def run(command, *more):
        return subprocess.run(
            [*tool, command, "--dir", directory, *more], check=True, capture_output=True, text=True
        ).stdout

    started = json.loads(run("start", *options))
    yield started, lambda: (run("stop"), run("start", *options))
    if is_shared:
        run("stop")
    else:
        once_reachable(session, "SELECT now() FROM system.local")


@pytest.mark.timeout(600)
def test_a_sync_waits_for_a_node_that_restarts_and_goes_on(ringsync, config, restartable, tmp_path):
    node, restart = restartable
    keyspace, rows_count = "restarted", 10_000
    session = cql_session.connect(node)
    session.execute(
        f"CREATE KEYSPACE {keyspace} WITH replication ="
        " {'class': 'NetworkTopologyStrategy', 'dc1': 1}"
    )
    session.execute(f"CREATE TABLE {keyspace}.readings (id int PRIMARY KEY, value int)")
    insert = session.prepare(f"INSERT INTO {keyspace}.readings (id, value) VALUES (?, ?)")
    execute_concurrent_with_args(session, insert, [(n, n * n % 997) for n in range(rows_count)])

    trace, database = tmp_path / "pages.jsonl", tmp_path / "warehouse.db"
    login = {key: str(node[key]) for key in ("port", "username", "password")}
    process = ringsync.start(
        "sync", "--configuration", config(keyspace, page_size="5", **login),
        "--to", f"duckdb:{database}", "--trace-pages", trace, "--progress", "none",
        "--commit-rows", "500",
    )  # fmt: skip
    try:
        with held_up(process, trace, 20):
            restart()
        _, errors = process.communicate(timeout=240)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    assert any("error" in json.loads(line) for line in trace.read_text().splitlines())
    found = rows_of(database, keyspace, "id, value", "readings")
    assert found == [(n, n * n % 997) for n in range(rows_count)]
    once_reachable(session, f"DROP KEYSPACE {keyspace}")
    session.cluster.shutdown()


def once_reachable(session, statement):
    """Runs it once the driver has found a restarted node again, which it does in its own time."""
    deadline = time.monotonic() + 60
    while True:
        try:
            session.execute(statement, timeout=60)
        except NoHostAvailable:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return
