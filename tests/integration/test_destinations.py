"""SQLite and PostgreSQL as destinations: the built program, a real Cassandra, the real databases.

What DuckDB does is in the other files; the sink's own behaviour in tests/conformance.
"""

import datetime
import decimal
import json
import random
import signal
import sqlite3
import time
import uuid

import pytest
from cassandra.concurrent import execute_concurrent_with_args
from read_back import PostgresqlDatabase

ROWS = 3000
CHANGED = 40
# The orders as the source holds them: column -> CQL type.
COLUMNS = {
    "id": "int",
    "place": "text",
    "at": "timestamp",
    "code": "uuid",
    "day": "date",
    "done": "boolean",
    "note": "text",
    "ratio": "double",
    "tags": "set<text>",
    "total": "decimal",
    "updated_at": "timestamp",
}


class Sqlite:
    """An SQLite file, and its rows as Python values."""

    def __init__(self, folder, keyspace):
        self.file = folder / "shop.sqlite"
        self.argument = f"sqlite:{self.file}"
        self.environment = {}

    def rows(self, table, columns):
        names = ", ".join(f'"{name}"' for name in columns)
        with sqlite3.connect(self.file) as connection:
            found = connection.execute(
                f'SELECT {names} FROM "{table}" WHERE NOT _fivetran_deleted'
            ).fetchall()
        return {
            tuple(self._value(cell, columns[n]) for n, cell in zip(columns, row)) for row in found
        }

    @staticmethod
    def _value(cell, cql_type):
        if cell is None:
            return None
        if cql_type == "timestamp":
            return datetime.datetime.fromisoformat(cell.replace("Z", "+00:00"))
        if cql_type == "date":
            return datetime.date.fromisoformat(cell)
        if cql_type == "boolean":
            return bool(cell)
        return plain(cell, cql_type)

    def deleted(self, table, key):
        with sqlite3.connect(self.file) as connection:
            return [
                row[0]
                for row in connection.execute(
                    f'SELECT "{key}" FROM "{table}" WHERE _fivetran_deleted'
                )
            ]


class Postgresql(PostgresqlDatabase):
    """A database of a running server, and its rows as Python values."""

    def __init__(self, server, keyspace):
        super().__init__(server)
        self.keyspace = keyspace

    def rows(self, table, columns):
        names = ", ".join(f'"{name}"' for name in columns)
        with self.connect() as connection:
            found = connection.execute(
                f'SELECT {names} FROM "{self.keyspace}"."{table}" WHERE NOT _fivetran_deleted'
            ).fetchall()
        return {
            tuple(
                tuple(sorted(cell)) if isinstance(cell, list) else plain(cell, columns[name])
                for name, cell in zip(columns, row)
            )
            for row in found
        }

    def deleted(self, table, key):
        with self.connect() as connection:
            return [
                row[0]
                for row in connection.execute(
                    f'SELECT "{key}" FROM "{self.keyspace}"."{table}" WHERE _fivetran_deleted'
                )
            ]


def plain(cell, cql_type):
    """A value that both sides may give in more than one form."""
    if cell is None:
        return None
    if cql_type == "decimal":
        return decimal.Decimal(cell)
    if cql_type == "uuid":
        return uuid.UUID(str(cell))
    if cql_type == "set<text>":
        return tuple(sorted(json.loads(cell) if isinstance(cell, str) else cell))
    if cql_type == "timestamp" and cell.tzinfo is None:
        return cell.replace(tzinfo=datetime.UTC)
    if cql_type == "date" and not isinstance(cell, datetime.date):
        return cell.date()
    return cell


@pytest.fixture(params=["sqlite", "postgresql"])
def destination(request, tmp_path, keyspace, postgresql_server):
    if request.param == "sqlite":
        return Sqlite(tmp_path, keyspace)
    return Postgresql(postgresql_server, keyspace)


def make_shop(session, keyspace, rows=ROWS):
    session.execute(f"CREATE TABLE {keyspace}.shops (id int PRIMARY KEY, name text)")
    for number in range(5):
        session.execute(
            f"INSERT INTO {keyspace}.shops (id, name) VALUES (%s, %s)", [number, f"Shop '{number}'"]
        )
    columns = ", ".join(f'"{name}" {cql_type}' for name, cql_type in COLUMNS.items())
    session.execute(f"CREATE TABLE {keyspace}.orders ({columns}, PRIMARY KEY ((id), place))")
    write_orders(session, keyspace, range(rows), seed=1)


def write_orders(session, keyspace, ids, seed):
    rng = random.Random(seed)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    marks = ", ".join("?" * len(COLUMNS))
    insert = session.prepare(f"INSERT INTO {keyspace}.orders ({names}) VALUES ({marks})")
    now = datetime.datetime.now(datetime.UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as precise as the source
    rows = [
        (
            number, f"Zürich \"{number % 7}\" 🚲", now - datetime.timedelta(days=number % 900),
            uuid.UUID(int=rng.getrandbits(128)), datetime.date(1999, 12, 31),
            rng.choice([True, False, None]), rng.choice(["", "a'b", None]), rng.random() * 1e9,
            {f"t{rng.randrange(9)}" for _ in range(3)},
            decimal.Decimal(rng.randrange(-(10**18), 10**18)) / 1000, now,
        )
        for number in ids
    ]  # fmt: skip
    execute_concurrent_with_args(session, insert, rows, concurrency=20)


def source_rows(session, keyspace, table, columns):
    names = ", ".join(f'"{name}"' for name in columns)
    found = session.execute(f"SELECT {names} FROM {keyspace}.{table}")
    return {tuple(plain(cell, columns[n]) for n, cell in zip(columns, row)) for row in found}


def sync(ringsync, configuration, destination, summary, *more):
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", destination.argument,
        "--summary-json", summary, *more, env=destination.environment, timeout_s=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


def assert_equal_to_source(session, keyspace, destination, rows):
    wanted = source_rows(session, keyspace, "orders", COLUMNS)
    assert len(wanted) == rows
    assert destination.rows("orders", COLUMNS) == wanted
    shops = {"id": "int", "name": "text"}
    assert destination.rows("shops", shops) == source_rows(session, keyspace, "shops", shops)


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_a_keyspace_arrives_and_later_only_what_changed(
    ringsync, config, keyspace, session, destination, tmp_path
):
    make_shop(session, keyspace)
    configuration = config(keyspace, lag_seconds="0", overlap_seconds="0")
    summary = tmp_path / "summary.json"
    tables = sync(ringsync, configuration, destination, summary)
    assert tables["orders"]["rows_sent"] == ROWS
    assert_equal_to_source(session, keyspace, destination, ROWS)

    write_orders(session, keyspace, range(ROWS - CHANGED // 2, ROWS + CHANGED // 2), seed=2)
    session.execute(f"DELETE FROM {keyspace}.shops WHERE id = 3")
    tables = sync(ringsync, configuration, destination, summary)
    assert (tables["orders"]["run"], tables["orders"]["rows_sent"]) == ("incremental", CHANGED)
    assert tables["shops"]["rows_deleted"] == 1
    assert destination.deleted("shops", "id") == [3]
    assert_equal_to_source(session, keyspace, destination, ROWS + CHANGED // 2)


@pytest.mark.timeout(300)
def test_a_killed_sync_goes_on_behind_its_last_commit(
    ringsync, config, keyspace, session, destination, tmp_path
):
    rows = 20_000
    make_shop(session, keyspace, rows)
    configuration, mirror = config(keyspace), tmp_path / "state.json"
    arguments = ["--commit-rows", "1000", "--state", mirror]
    resumed = 0
    for _ in range(5):
        process = ringsync.start(
            "sync", "--configuration", configuration, "--to", destination.argument, *arguments,
            env=destination.environment,
        )  # fmt: skip
        before = mirror.read_bytes() if mirror.exists() else b""
        while process.poll() is None:
            if mirror.exists() and mirror.read_bytes() != before:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        _, log = process.communicate(timeout=60)
        resumed += "resumed behind its last checkpoint" in log
        if process.returncode == 0:
            break
    tables = sync(ringsync, configuration, destination, tmp_path / "summary.json", *arguments)
    resumed += tables["orders"]["resumed"]
    assert resumed > 0
    assert_equal_to_source(session, keyspace, destination, rows)


@pytest.mark.sanitized
@pytest.mark.timeout(120)
def test_postgresql_refusals_are_told_and_show_no_password(
    ringsync, config, keyspace, session, postgresql_server
):
    make_shop(session, keyspace, 10)
    destination = Postgresql(postgresql_server, keyspace)
    configuration = config(keyspace)

    def refused(argument, password, code):
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", argument,
            env={"PGPASSWORD": password},
        )  # fmt: skip
        assert done.returncode == 4, done.stderr
        assert f"error[{code}]" in done.stderr
        assert password not in done.stderr + done.stdout
        return done.stderr

    refused(destination.argument, "not-the-password", "destination_auth")
    with destination.connect() as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader-secret'")
    as_reader = destination.argument.replace("postgres@", "reader@")
    refused(as_reader, "reader-secret", "destination_auth")
    missing = destination.argument.replace(destination.name, "no_such_database")
    assert "no_such_database" in refused(missing, destination.server["password"], "destination")
